import Arm64
import BoardFormat
import Glibc
import MemoryTypes
import PageCompressors
import ProcessLaunch

/// The memory behind a machine's RAM: an anonymous file that the emulator maps for the guest, and
/// this process for itself.
///
/// RAM is the emulator's own (Documentation/Decisions/RAMApart.md).
///
/// It has no name anywhere, so nothing of it is left when the last process that has it open ends.
@safe
final class BoardFile {
  let descriptor: Int32
  let layout: BoardLayout
  /// The archive's entries, in order.
  let entries: [ArchiveEntry]
  /// The host's files that the machine swaps to.
  private let swapFiles: [OpenSwapFile]
  /// The file's bytes.
  ///
  /// SAFETY: mapped here, unmapped in deinit, and the file cannot shrink.
  private let areas: UnsafeMutableRawBufferPointer

  /// Makes the file with everything that the kernel is to be told.
  init(
    _ machine: MachineDescription, _ guest: Guest, texts: Set<Text>, traced: TraceCategories,
    probes: [ProbeRequest] = [], stop: StopPoint? = nil, timelineInterval: UInt64? = nil
  ) throws(MachineError) {
    let deviceTree = DeviceTreeWriter.memory(
      machine.banks, hasDisk: machine.configuration.swapsToDisk)
    let program = Self.program(guest, machine.environment)
    let archive = ArchiveWriter(guest.tree)
    entries = archive.entries
    let groups = machine.configuration.controlGroups.bytes
    let modules = try ModuleWriter.area(machine.configuration.modules)
    swapFiles = try machine.openSwapFiles()
    layout = BoardLayout(
      behind: machine.banks, deviceTree: UInt64(deviceTree.count), program: UInt64(program.count),
      standardInput: UInt64(guest.standardInput?.count ?? 0),
      probes: UInt64(probes.count * MemoryLayout<ProbeRequest>.stride), archive: archive.length,
      modules: UInt64(modules.count), controlGroups: UInt64(groups.count),
      swap: machine.configuration.swapsToDisk ? 0 : machine.configuration.swap?.rawValue ?? 0,
      swapFiles: swapFiles.map { $0.pages.bytes(of: machine.pageSize).rawValue })
    try layout.check(machine.vaBits)

    let descriptor = unsafe kilburn_anonymous_file("kilburn-board", layout.size.rawValue)
    guard descriptor >= 0 else {
      throw .failure("no memory file for the machine: \(HostFile.reason(-descriptor))")
    }
    let length = Int(layout.size.rawValue)
    let mapping = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let mapping = unsafe mapping, unsafe mapping != MAP_FAILED else {
      close(descriptor)
      throw .failure("no memory for the machine's files: \(HostFile.reason())")
    }
    self.descriptor = descriptor
    unsafe areas = UnsafeMutableRawBufferPointer(start: mapping, count: length)

    var header = BoardHeader()
    header.pageShift = UInt32(machine.pageSize.shift)
    header.vaBits = UInt32(machine.translation.vaBits)
    header.end = layout.areasEnd.rawValue
    header.deviceTree = layout.deviceTree
    header.archive = layout.archive
    header.program = layout.program
    header.standardInput = layout.standardInput
    header.statistics = layout.statistics
    header.output = layout.output
    header.modules = layout.modules
    header.probes = layout.probes
    header.controlGroups = layout.controlGroups
    header.swap = layout.swap
    if let zram = machine.configuration.zram {
      header.zramSize = zram.size.rawValue
      header.zramCompressor = UInt64(zram.compressor.rawValue)
    }
    for (index, area) in layout.swapFiles.enumerated() {
      header.swapFiles[index] = BoardHeader.SwapFile(
        area: area, priority: swapFiles[index].file.priority)
    }
    header.memTotal = machine.configuration.memTotal?.rawValue ?? 0
    header.memFree = machine.configuration.memFree?.rawValue ?? 0
    header.mmapMinAddress = machine.configuration.mmapMinAddress.rawValue
    header.overcommit = machine.configuration.overcommit.rawValue
    header.texts = texts.reduce(0) { $0 | $1.bit }
    header.traced = traced
    if let timelineInterval {
      header.traced.insert(.timeline)
      header.timelineInterval = timelineInterval
    }
    header.options = .ramIsZero
    if machine.hardwareAccessAndDirty { header.options.insert(.hardwareAccessAndDirty) }
    if machine.configuration.mapsByPages { header.options.insert(.mapsByPages) }
    if let seed = machine.configuration.layoutSeed {
      header.options.insert(.randomizesLayout)
      header.randomSeed = seed
    }
    if let stop {
      header.options.insert(.stopsForInspection)
      if case .call(let number, let count) = stop {
        header.traced.insert(.stop)
        header.stopCall = number + 1
        header.stopCount = count
      } else if case .place(_, let count) = stop {
        header.stopCount = count
      }
    }
    if guest.standardInput == nil { header.options.insert(.interactive) }

    unsafe bytes(of: layout.header).storeBytes(of: header, as: BoardHeader.self)
    unsafe bytes(of: layout.deviceTree).copyBytes(from: deviceTree)
    unsafe bytes(of: layout.program).copyBytes(from: program)
    unsafe bytes(of: layout.standardInput).copyBytes(from: guest.standardInput ?? [])
    if !modules.isEmpty { unsafe bytes(of: layout.modules).copyBytes(from: modules) }
    if !groups.isEmpty { unsafe bytes(of: layout.controlGroups).copyBytes(from: groups) }
    if layout.swap.length > 0 {
      let area = unsafe bytes(of: layout.swap)
      let pages = ByteCount(UInt64(area.count)).wholePages(of: machine.pageSize)
      unsafe area.copyBytes(from: SwapHeader.make(pages, machine.pageSize))
    }
    for (file, area) in zip(swapFiles, layout.swapFiles) { unsafe file.load(into: bytes(of: area)) }
    unsafe probes.withUnsafeBytes { unsafe bytes(of: layout.probes).copyBytes(from: $0) }
    try unsafe archive.write(to: bytes(of: layout.archive))
  }

  /// Puts what the machine swapped into the host's files.
  func writeSwapBack() throws(MachineError) {
    for (file, area) in zip(swapFiles, layout.swapFiles) {
      try file.writeBack(descriptor, from: area.start - layout.header.start)
    }
  }

  deinit {
    unsafe munmap(areas.baseAddress, areas.count)
    close(descriptor)
  }

  /// What the kernel counted, or nil where it wrote nothing, or another version of it.
  func statistics() -> Statistics? {
    let block = unsafe bytes(of: layout.statistics).loadUnaligned(as: Statistics.self)
    guard block.magic == Statistics.magic, block.version == Statistics.currentVersion else {
      return nil
    }
    return block
  }

  /// Some bytes of the archive; nil where it has no such place.
  func archived(_ place: UInt64, _ count: UInt64) -> UnsafeRawBufferPointer? {
    let area = unsafe bytes(of: layout.archive)
    let (end, overflow) = place.addingReportingOverflow(count)
    guard !overflow, end <= UInt64(area.count) else { return nil }
    return unsafe UnsafeRawBufferPointer(rebasing: area[Int(place)..<Int(end)])
  }

  /// Takes out what the kernel has put into the output ring.
  func takeOutput() -> [UInt8] {
    unsafe OutputRingReader(bytes(of: layout.output)).take()
  }

  private func bytes(of area: BoardHeader.Area) -> UnsafeMutableRawBufferPointer {
    let start = Int(area.start - layout.header.start)
    return unsafe UnsafeMutableRawBufferPointer(rebasing: areas[start..<start + Int(area.length)])
  }

  /// The path to execute, the arguments and the environment, as the kernel reads them.
  private static func program(_ guest: Guest, _ environment: [EnvironmentVariable]) -> [UInt8] {
    let strings = [guest.path] + guest.arguments + environment.map { "\($0.name)=\($0.value)" }
    let text = [UInt8](strings.map { $0 + "\0" }.joined().utf8)
    var block = ProgramArguments()
    block.argc = UInt32(guest.arguments.count)
    block.envc = UInt32(environment.count)
    block.length = UInt64(text.count)
    return unsafe withUnsafeBytes(of: block) { unsafe Array($0) } + text
  }
}
