import AddressSpaces
import Arm64
import BoardFormat
import Files
import KernelAssembly
import KernelHeap
import KernelLog
import MemoryTypes
import PageCompressors
import PageFrames
import ProcFS
import Tasks

/// The counters in the board file, as they begin; nil if the tool gave them no room.
func startStatistics(_ board: VirtBoard) -> KernelPointer<Statistics>? {
  let area = board.header.pointee.statistics
  guard area.start != 0, area.length >= UInt64(MemoryLayout<Statistics>.size) else { return nil }
  // SAFETY: the area is large enough, on a 64 KiB boundary, and only the kernel writes it.
  let place = unsafe board.pointer(to: PhysicalAddress(area.start)).bindMemory(
    to: Statistics.self, capacity: 1)
  unsafe place.initialize(to: Statistics())
  return unsafe KernelPointer(place)
}

/// Turns on what the tool gave the machine to swap to: the board file's area, then the host's files.
private func startSwap(_ kernel: KernelState<VirtBoard>) {
  let header = kernel.board.header
  do throws(Errno) {
    var disk = 0
    let own = header.pointee.swap
    if let transport = kernel.board.virtioTransport {
      startDisk(kernel, transport)
      disk = 1
    } else if own.start != 0 {
      try kernel.startSwap(at: PhysicalAddress(own.start), ByteCount(own.length), disk: disk)
      disk = 1
    }
    for index in 0..<7 {
      let file = header.pointee.swapFiles[index]
      guard file.area.start != 0 else { break }
      try kernel.startSwap(
        at: PhysicalAddress(file.area.start), ByteCount(file.area.length), disk: disk,
        priority: file.priority <= 32767 ? Int(file.priority) : nil)
      disk &+= 1
    }
  } catch {
    die("too little RAM for swap")
  }
}

/// Starts the virtio disk that the device tree names, as a swap area.
private func startDisk(_ kernel: KernelState<VirtBoard>, _ transport: DeviceTree.Transport) {
  InterruptController.enable(shared: transport.interrupt)
  do throws(Errno) {
    try kernel.startDisk(at: transport.start & (kernel.board.pageSize.bytes.rawValue &- 1))
  } catch {
    // A device that fails is not the machine's end; its log says what is wrong.
    kernel.log { $0.append("virtio_blk: /dev/vda is not swapped to") }
  }
}

/// Runs the program that the tool asked for, and says how it ended.
func run(_ kernel: KernelState<VirtBoard>) -> EndRecord {
  let board = kernel.board
  let area = unsafe UnsafeRawBufferPointer(board.bytes(of: board.header.pointee.program))
  let head = MemoryLayout<ProgramArguments>.size
  guard area.count >= head else { die("the board file names no program") }
  let arguments = unsafe area.load(as: ProgramArguments.self)
  let length = min(Int(truncatingIfNeeded: arguments.length), area.count &- head)
  let strings = unsafe UnsafeRawBufferPointer(rebasing: area[head..<head &+ length])
  let probes = unsafe UnsafeRawBufferPointer(board.bytes(of: board.header.pointee.probes))
  if unsafe kernel.startProbes(probes) != nil { die("a probe is in a file that is not there") }
  let statistics = kernel.statistics
  kernel.setBeforeTeardown { kernel, task in
    VirtBoard.withoutCounting {
      kernel.recordMemory(of: task)
      ProcFS(kernel).sendTexts(at: .end, of: task)
    }
  }
  let hasModules = Modules.areWanted(board)
  startSwap(kernel)
  startZRAM(kernel)
  unsafe setUpControlGroups(kernel)
  _ = settledFree(kernel)
  kernel.frames.pointee.holdBack(
    untilFree: ByteCount(board.header.pointee.memFree).wholePages(of: board.pageSize))
  statistics.pointee.managedFrames = kernel.frames.pointee.managed.rawValue
  statistics.pointee.freeBefore = settledFree(kernel)
  statistics.pointee.fileFramesBefore = fileFrames(kernel)
  statistics.pointee.objectFramesBefore = objectFrames(kernel)
  VirtBoard.withoutCounting { ProcFS(kernel).sendTexts(at: .before, of: kernel.initTask) }
  // Then the line carries nothing but the request to end, which a program is interrupted for.
  board.letTypingWake(!board.isInteractive)
  if hasModules { Modules.loadAll(board) }
  let end: EndRecord
  do throws(Errno) {
    let streams = try kernel.files.pointee.makeStandardStreams()
    end = unsafe kernel.runFirstProgram(arguments, strings, files: streams)
  } catch {
    return EndRecord(reason: .notStarted, status: UInt32(error.rawValue))
  }
  // Up to here, so that what the end of the program cost is in it.
  let counts = board.instructions
  let start = kernel.store.pointee.programStart
  statistics.pointee.userInstructions = counts.user &- start.user
  statistics.pointee.kernelInstructions = counts.kernel &- start.kernel
  if hasModules { Modules.unloadAll() }
  statistics.pointee.freeAfter = settledFree(kernel)
  statistics.pointee.fileFramesAfter = fileFrames(kernel)
  statistics.pointee.objectFramesAfter = objectFrames(kernel)
  VirtBoard.withoutCounting {
    ProcFS(kernel).sendTexts(at: .after, of: kernel.initTask)
    kernel.files.pointee.export()
  }
  return end
}

/// Makes the disk of compressed pages that the tool asked for.
private func startZRAM(_ kernel: KernelState<VirtBoard>) {
  let size = kernel.board.header.pointee.zramSize
  guard size != 0 else { return }
  let compressor = PageCompressor(
    rawValue: UInt8(truncatingIfNeeded: kernel.board.header.pointee.zramCompressor))
  do throws(Errno) {
    try kernel.startZRAM(ByteCount(size), compressor ?? .lzoRLE)
  } catch {
    die("too little RAM for zram")
  }
}

/// Makes the control groups that the tool asked for.
@unsafe private func setUpControlGroups(_ kernel: KernelState<VirtBoard>) {
  let area = unsafe UnsafeRawBufferPointer(
    kernel.board.bytes(of: kernel.board.header.pointee.controlGroups))
  guard area.count > 0 else { return }
  do throws(Errno) {
    kernel.setFirstGroup(try ProcFS(kernel).setUpControlGroups(unsafe ByteString(area)))
  } catch { die("the board file's control groups cannot be") }
}

/// The frames that are free when nothing is kept for later use: no stacks, no lazy addresses and
/// tables of what was there, no empty slabs, nothing on the per-CPU lists.
private func settledFree(_ kernel: KernelState<VirtBoard>) -> UInt64 {
  kernel.dropCachedStacks()
  kernel.vmalloc.pointee.freeUnusedTables()
  kernel.slab.pointee.shrink()
  kernel.frames.pointee.drain()
  return kernel.frames.pointee.free.rawValue
}

/// The frames that hold files' pages, cached or in memory.
private func fileFrames(_ kernel: KernelState<VirtBoard>) -> UInt64 {
  UInt64(max(0, kernel.frames.pointee.statistic(.nr_file_pages)))
}

/// The frames of slabs, and of memory groups.
private func objectFrames(_ kernel: KernelState<VirtBoard>) -> UInt64 {
  let frames = kernel.frames
  return UInt64(
    max(
      0,
      frames.pointee.statistic(.nr_slab_reclaimable)
        &+ frames.pointee.statistic(.nr_slab_unreclaimable)
        &+ frames.pointee.groups.frames))
}

extension KernelState<VirtBoard> {
  /// Writes down what a process's memory was, while it still has it.
  fileprivate func recordMemory(of task: KernelPointer<Task<VirtBoard>>) {
    guard let space = task.pointee.memory.space else { return }
    space.pointee.synchronizeResident()
    let statistics = statistics
    statistics.pointee.peakResident = space.pointee.peakResidentPages.rawValue
    statistics.pointee.residentAnonymous = space.pointee.residentPages(.anonymous).rawValue
    statistics.pointee.residentFile = space.pointee.residentPages(.file).rawValue
    statistics.pointee.residentShared = space.pointee.residentPages(.shared).rawValue
    statistics.pointee.peakVirtual = space.pointee.peakTotalPages.rawValue
    statistics.pointee.tablePages = space.pointee.tablePages()
    statistics.pointee.mappings = UInt64(space.pointee.mapCount)
  }
}

extension VirtBoard {
  /// Does something that no instruction counter sees: what a report costs is no part of what the
  /// program cost.
  static func withoutCounting(_ body: () -> Void) {
    let all: UInt64 = 1 &<< 31 | 1
    let start = VirtBoard().clock.nanoseconds
    write_counters_disable(all)
    barrier_isb()
    VirtBoard().ring(.uncounted, 1)
    body()
    VirtBoard().ring(.uncounted, 0)
    write_counters_enable(all)
    barrier_isb()
    // To `instructions`, time in which nothing was counted.
    unsafe kernel_variables().pointee.idle_nanoseconds &+= VirtBoard().clock.nanoseconds &- start
  }
}
