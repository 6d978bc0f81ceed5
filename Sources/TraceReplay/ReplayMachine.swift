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
        translation: setup.translation, span: last.upperBound - HostBoard.ramBase,
        hasHardwareAccessAndDirty: setup.hasHardwareAccessAndDirty)
    else { throw impossible("this host has no addresses left for it") }
    self.board = board
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
      UnsafeRawPointer(board.pointer(to: start)), start..<start + board.span)
  }

  /// A new process's address space.
  func makeSpace() throws(TraceError) -> Space {
    guard let space = AddressSpace.make(in: context) else { throw Self.full }
    space.pointee.setUpLayout(
      stackLimit: .mebibytes(8), legacy: false, stackShift: .zero, offset: .zero)
    spaces.append(space)
    return space
  }

  /// Switches to a process: the tables and the ASID that the CPU gets.
  func activate(_ space: Space) -> (tables: PhysicalAddress, asid: ASID) {
    task.pointee.space?.pointee.synchronizeResident()
    task.pointee.space = space
    return space.pointee.activation()
  }

  static var full: TraceError {
    TraceError(.usage, "the machine's RAM is full: --ram gives it more")
  }

  /// Serves an access that the tables do not allow.
  ///
  /// A trace does not say what was mapped: what is touched first is mapped then, as anonymous memory
  /// of its own that may be read, written and executed. It is brought in as a write would, because
  /// what a program reads before it writes it was a file's or another's, and not one page of zeros.
  func serve(_ address: VirtualAddress, in space: Space) throws(TraceError) {
    guard !address.isKernelHalf, address < space.pointee.taskSize else {
      throw TraceError(
        .unsupported,
        "address 0x\(String(address.rawValue, radix: 16)) lies outside of the user half of "
          + "\(board.translation.vaBits) bits: --va-bits")
    }
    for _ in 0..<3 {
      switch space.pointee.handleFault(at: address, .write) {
      case .resolved: return
      case .notMapped: try map(address, in: space)
      case .outOfMemory: throw Self.full
      case .accessDenied, .beyondObject:
        throw TraceError(
          .unsupported, "the kernel refuses an access at 0x\(String(address.rawValue, radix: 16))")
      }
    }
    throw Self.full
  }

  private func map(_ address: VirtualAddress, in space: Space) throws(TraceError) {
    let start = address.rawValue & ~(Self.piece - 1)
    let end = min(start + Self.piece, space.pointee.taskSize.rawValue)
    do throws(Errno) {
      _ = try space.pointee.map(
        MappingRequest(
          address: VirtualAddress(start), length: ByteCount(end - start),
          protection: [.read, .write, .execute],
          flags: [.private, .anonymous, .fixedNoReplace, .noReserve]))
    } catch {
      throw TraceError(
        .unsupported, "0x\(String(address.rawValue, radix: 16)) cannot be mapped: \(error)")
    }
  }

  /// What the processes hold: pages, and the bytes of their tables.
  var usage: (resident: ByteCount, tables: ByteCount) {
    var resident = ByteCount.zero
    var tables = ByteCount.zero
    task.pointee.space?.pointee.synchronizeResident()
    for space in spaces {
      resident += space.pointee.residentPages.bytes(of: board.pageSize)
      tables += space.pointee.tableBytes
    }
    return (resident, tables)
  }

  /// Faults that were served.
  var faults: UInt64 { UInt64(max(0, frames.pointee.statistic(.pgfault))) }
}
