import AddressSpaces
import Arm64
import BoardFormat
import Files
import HardwareModel
import HostBoard
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import Reclaim
import Swap
import TraceFiles

/// The kernel's own libraries on the host board: frames, heap, files, and address spaces for the
/// processes of a replay.
@safe
final class ReplayMachine {
  typealias Space = KernelPointer<AddressSpace<HostBoard>>

  let board: HostBoard
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let context: KernelPointer<MemoryContext<HostBoard>>
  private let task: KernelPointer<TaskMemory<HostBoard>>
  private var spaces: [Space] = []
  /// Behind RAM, in the same mapping of this process.
  private let swapSize: ByteCount

  /// New mappings have this many bytes, and are aligned to it: all page sizes share it.
  private static var piece: UInt64 { 2 << 20 }

  init(_ setup: ReplaySetup) throws(TraceError) {
    func impossible(_ what: String) -> TraceError { TraceError(.usage, "--ram: \(what)") }
    guard let first = setup.banks.first, let last = setup.banks.last else {
      throw impossible("there is none")
    }
    precondition(first.lowerBound >= HostBoard.ramBase)
    guard
      let board = HostBoard(
        translation: setup.translation,
        span: last.upperBound - HostBoard.ramBase + setup.swapSize,
        hasHardwareAccessAndDirty: setup.hasHardwareAccessAndDirty)
    else { throw impossible("this host has no addresses left for it") }
    self.board = board
    swapSize = setup.swapSize
    var map = MemoryMap(pageSize: board.pageSize)
    for bank in setup.banks {
      guard
        map.add(
          PhysicalRange(start: bank.lowerBound, length: bank.upperBound - bank.lowerBound))
      else { throw impossible("it has too many banks") }
    }
    var options = FrameAllocator<HostBoard>.Options()
    options.ramIsZero = true
    let table = unsafe FrameTable(base: board.frameTableBase)
    guard map.populateFrameTable({ _, _ in true }),
      let frames = FrameAllocator.start(board: board, map: &map, frames: table, options: options),
      let slab = SlabAllocator.start(frames: frames)
    else { throw impossible("it is too little for a kernel") }
    self.frames = frames
    let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    let sources = unsafe FileSystemSources(
      archive: none, standardInput: none, isInteractive: false, realtimeSeconds: 0)
    let files: KernelPointer<FileSystem<HostBoard>>
    do {
      files = try FileSystem.start(board: board, frames: frames, slab: slab, sources: sources)
    } catch { throw impossible("it is too little for a kernel") }
    task = Self.kept(TaskMemory(space: nil, limits: Self.kept(ResourceLimits())))
    guard
      let context = MemoryContext(
        board: board, frames: frames, slab: slab, files: files,
        statistics: Self.kept(Statistics()), layout: KernelLayout(linux6_1: board.translation),
        current: task)
    else { throw impossible("it is too little for a kernel") }
    self.context = Self.kept(context)
    // A trace says what was touched, not what was promised.
    self.context.pointee.settings.overcommit = .always
    guard turnOnSwap(at: last.upperBound) else { throw impossible("it is too little for its swap") }
  }

  deinit { board.release() }

  /// An object of the kernel's that lives as long as this process: a few hundred bytes a replay.
  private static func kept<T: ~Copyable>(_ value: consuming T) -> KernelPointer<T> {
    let place = UnsafeMutablePointer<T>.allocate(capacity: 1)
    unsafe place.initialize(to: value)
    return unsafe KernelPointer(place)
  }

  /// RAM, for a model to walk.
  var descriptors: DescriptorMemory {
    let start = HostBoard.ramBase
    return unsafe DescriptorMemory(
      UnsafeRawPointer(board.pointer(to: start)), start..<start + (board.span - swapSize))
  }

  /// A new process's address space.
  func makeSpace() throws(TraceError) -> Space {
    let space = try having { AddressSpace.make(in: context) }
    space.pointee.setUpLayout(
      stackLimit: .mebibytes(8), legacy: false, stackShift: .zero, offset: .zero)
    spaces.append(space)
    return space
  }

  /// A copy of a process's, as fork() makes it.
  func copy(_ space: Space) throws(TraceError) -> Space {
    let child = try having { space.pointee.copy() }
    spaces.append(child)
    return child
  }

  /// A process's is gone; the CPU has others' tables by then.
  func release(_ space: Space) {
    guard task.pointee.space != space, let place = spaces.firstIndex(of: space) else { return }
    rememberPeak()
    spaces.remove(at: place)
    AddressSpace.release(space)
  }

  /// Switches to a process: the tables and the ASID that the CPU gets.
  func activate(_ space: Space) -> (tables: PhysicalAddress, asid: ASID) {
    task.pointee.space?.pointee.synchronizeResident()
    task.pointee.space = space
    return space.pointee.activation()
  }

  private var full: TraceError {
    TraceError(
      .usage, "the machine's RAM and its swap are full: --ram or --swap gives it more")
  }

  /// Serves an access that the tables do not allow.
  ///
  /// A trace does not say what was mapped: what is touched first is mapped then, as anonymous memory
  /// of its own that may be read, written and executed. It is brought in as a write would, because
  /// what a program reads before it writes it was a file's or another's, and not one page of zeros.
  /// What only `lacksFlag` is there, and is used as it is.
  func serve(
    _ address: VirtualAddress, lacksFlag: Bool = false, in space: Space
  ) throws(TraceError) {
    guard !address.isKernelHalf, address < space.pointee.taskSize else {
      throw TraceError(
        .unsupported,
        "address 0x\(String(address.rawValue, radix: 16)) lies outside of the user half of "
          + "\(board.translation.vaBits) bits; --va-bits takes more")
    }
    defer { balance() }
    for _ in 0..<64 {
      switch space.pointee.handleFault(at: address, lacksFlag ? .read : .write) {
      case .resolved: return
      case .notMapped: try map(address, in: space)
      case .outOfMemory: try makeRoom()
      // Its swap area answers at once.
      case .beingRead: continue
      case .accessDenied, .beyondObject:
        throw TraceError(
          .unsupported, "the kernel refuses an access at 0x\(String(address.rawValue, radix: 16))")
      }
    }
    throw full
  }

  private func map(_ address: VirtualAddress, in space: Space) throws(TraceError) {
    let start = address.rawValue & ~(Self.piece - 1)
    let end = min(start + Self.piece, space.pointee.taskSize.rawValue)
    do throws(Errno) {
      try mapFree(start..<end, around: address.rawValue, in: space)
    } catch {
      if error == .ENOMEM { return try makeRoom() }
      throw TraceError(
        .unsupported, "0x\(String(address.rawValue, radix: 16)) cannot be mapped: \(error)")
    }
  }

  /// Maps what is free of a piece around an address: the rest may have been touched before.
  private func mapFree(
    _ piece: Range<UInt64>, around address: UInt64, in space: Space
  ) throws(Errno) {
    var start = piece.lowerBound
    var end = piece.upperBound
    var area = space.pointee.firstArea(from: VirtualAddress(start))
    while let here = area, here.pointee.start.rawValue < end {
      if here.pointee.end.rawValue <= address {
        start = max(start, here.pointee.end.rawValue)
      } else {
        end = min(end, here.pointee.start.rawValue)
      }
      area = space.pointee.firstArea(from: here.pointee.end)
    }
    _ = try space.pointee.map(
      MappingRequest(
        address: VirtualAddress(start), length: ByteCount(end - start),
        protection: [.read, .write, .execute],
        flags: [.private, .anonymous, .fixedNoReplace, .noReserve]))
  }

  /// Takes pages away that a program has given back: those that lie wholly within.
  func unmap(_ start: UInt64, _ length: UInt64, in space: Space) throws(TraceError) {
    let page = board.pageSize.bytes.rawValue
    let limit = space.pointee.taskSize.rawValue
    guard start < limit, length <= limit - start else { return }
    let first = (start + page - 1) & ~(page - 1)
    let end = (start + length) & ~(page - 1)
    guard first < end else { return }
    rememberPeak()
    for _ in 0..<64 {
      do throws(Errno) {
        return try space.pointee.unmap(VirtualAddress(first), ByteCount(end - first))
      } catch {
        // A hole in an area takes memory.
        guard error == .ENOMEM else { return }
        try makeRoom()
      }
    }
  }

  /// What the processes hold: pages, and the bytes of their tables.
  private var usage: (resident: ByteCount, tables: ByteCount) {
    var resident = ByteCount.zero
    var tables = ByteCount.zero
    task.pointee.space?.pointee.synchronizeResident()
    for space in spaces {
      resident += space.pointee.residentPages.bytes(of: board.pageSize)
      tables += space.pointee.tableBytes
    }
    return (resident, tables)
  }

  /// What they held at most.
  private(set) var peak: (resident: ByteCount, tables: ByteCount) = (.zero, .zero)

  /// Looks what is held: before it becomes less, and at the end.
  func rememberPeak() {
    let now = usage
    peak = (max(peak.resident, now.resident), max(peak.tables, now.tables))
  }

  // MARK: when RAM is full

  private func turnOnSwap(at start: PhysicalAddress) -> Bool {
    let size = board.pageSize.bytes.rawValue
    let pages = swapSize.rawValue / size
    guard pages > 0 else { return true }
    // What mkswap writes.
    board.store(UInt32(1), at: start + ByteCount(1024))
    board.store(UInt32(truncatingIfNeeded: pages - 1), at: start + ByteCount(1028))
    for (index, byte) in "SWAPSPACE2".utf8.enumerated() {
      board.store(byte, at: start + ByteCount(size - 10 + UInt64(index)))
    }
    let device = SwapDevice<HostBoard>(
      boardFile: start, PageCount(pages), minor: 0, isSolidState: true, isSynchronous: false)
    do throws(Errno) {
      try context.pointee.swap.pointee.turnOn(device, name: "/dev/vda", identity: 1)
      return true
    } catch { return false }
  }

  /// Tries until there is memory for it.
  private func having<T>(_ body: () -> T?) throws(TraceError) -> T {
    for _ in 0..<64 {
      if let made = body() { return made }
      try makeRoom()
    }
    throw full
  }

  /// What direct reclaim does for who found no frame (``Tasks/KernelState/makeRoom(orFail:)``).
  private func makeRoom() throws(TraceError) {
    frames.pointee.shortage = nil
    rememberPeak()
    var scan = ScanControl(.highUserMovable, highest: .movable)
    scan.wanted = Reclaimer<HostBoard>.batch
    guard Reclaimer(context).free(&scan) > 0 else { throw full }
  }

  /// What kswapd does when it has been woken: it keeps frames free, so that few have to wait.
  private func balance() {
    guard frames.pointee.requests.contains(.kswapd) else { return }
    frames.pointee.requests = []
    rememberPeak()
    let request = frames.pointee.kswapd
    frames.pointee.kswapd.order = 0
    frames.pointee.kswapd.highest = .dma
    guard request.failures < KswapdRequest.mostFailures else { return }
    _ = Reclaimer(context).balance(request.order, upTo: request.highest)
  }

  /// Faults that were served, and those of them that waited for swap.
  var faults: (all: UInt64, major: UInt64) {
    // Where the CPU sets the access flag, a fault for it is this model's way to do so.
    let flags =
      board.hasHardwareAccessAndDirty
      ? context.pointee.statistics.pointee.accessFlagFaults : 0
    let all = count(.pgfault)
    return (all - min(all, flags), count(.pgmajfault))
  }

  /// Pages that went to swap, and pages that came back.
  var swapped: (out: UInt64, back: UInt64) { (count(.pswpout), count(.pswpin)) }

  private func count(_ what: VMStat) -> UInt64 {
    UInt64(max(0, frames.pointee.statistic(what)))
  }
}
