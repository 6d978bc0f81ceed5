public import AddressSpaces
import Arm64
public import BoardFormat
public import Files
public import HostBoard
public import KernelHeap
public import KernelLayout
public import MemoryTypes
public import PageFrames
public import TestSupport

/// What address spaces stand on, on the host board: RAM, frames, heap, files, a memory context and
/// one task, whose space may be switched.
public struct HostMemory {
  public typealias Space = KernelPointer<AddressSpace<HostBoard>>

  public let board: HostBoard
  public let frames: KernelPointer<FrameAllocator<HostBoard>>
  public let slab: KernelPointer<SlabAllocator<HostBoard>>
  public let files: KernelPointer<FileSystem<HostBoard>>
  public let context: KernelPointer<MemoryContext<HostBoard>>
  public let task: KernelPointer<TaskMemory<HostBoard>>
  public let limits: KernelPointer<ResourceLimits>
  public let statistics: KernelPointer<Statistics>
  public let layout: KernelLayout

  /// Starts all of it on a machine; files are those of an archive.
  public init(
    _ machine: HostMachine<HostBoard>, archive: [UInt8] = [],
    limits: ResourceLimits = ResourceLimits()
  ) throws {
    board = machine.board
    frames = machine.frames
    slab = machine.makeHeap()
    files = try FileSystem.start(
      board: board, frames: frames, slab: slab,
      sources: unsafe FileSystemSources(
        archive: archive.isEmpty
          ? UnsafeRawBufferPointer(start: nil, count: 0) : keptBytes(archive),
        standardInput: UnsafeRawBufferPointer(start: nil, count: 0), isInteractive: false,
        realtimeSeconds: 0))
    statistics = kept(Statistics())
    self.limits = kept(limits)
    task = kept(TaskMemory<HostBoard>(space: nil, limits: self.limits))
    layout = KernelLayout(linux6_1: board.translation)
    guard
      let context = MemoryContext(
        board: board, frames: frames, slab: slab, files: files, statistics: statistics,
        layout: layout, current: task)
    else { fatalError("no memory context") }
    self.context = kept(context)
  }

  public var pageSize: PageSize { board.pageSize }
  /// Bytes of a page.
  public var page: UInt64 { board.pageSize.bytes.rawValue }

  /// An empty space with the usual layout, which becomes the task's.
  public func makeSpace() throws -> Space {
    guard let space = AddressSpace.make(in: context) else { throw Errno.ENOMEM }
    space.pointee.setUpLayout(
      stackLimit: .mebibytes(8), legacy: false, stackShift: .zero, offset: .zero)
    space.pointee.startHeap(at: VirtualAddress(0x1000_0000))
    activate(space)
    return space
  }

  /// Switches the task to a space.
  public func activate(_ space: Space?) {
    task.pointee.space?.pointee.synchronizeResident()
    task.pointee.space = space
    if let space { _ = space.pointee.activation() }
  }

  public func end() { board.release() }
}
