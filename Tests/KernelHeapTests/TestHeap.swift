import Arm64
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport

/// A heap of a test, on a bank of RAM of the host board.
struct TestHeap {
  let board: HostBoard
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let heap: KernelPointer<SlabAllocator<HostBoard>>

  init(_ pageSize: PageSize, ram: ByteCount = .mebibytes(64), cpus: Int = 1) {
    var options = FrameAllocator<HostBoard>.Options()
    options.cpus = cpus
    let machine = HostMachine(pageSize, [(0, ram.rawValue)], options: options)
    board = machine.board
    frames = machine.frames
    heap = machine.makeHeap()
  }

  /// A new cache.
  func cache<T: ~Copyable>(
    of type: T.Type, name: StaticString, linuxSize: ByteCount = .zero, options: SlabOptions = []
  ) -> ObjectCache<T, HostBoard> {
    guard
      let cache = heap.pointee.makeCache(
        of: type, name: name, linuxSize: linuxSize, options: options)
    else { fatalError("no cache") }
    return cache
  }

  /// A new cache of objects without a type.
  func made(_ description: SlabDescription) throws -> KernelPointer<SlabCache<HostBoard>> {
    guard let cache = heap.pointee.createCache(description) else { throw Errno.ENOMEM }
    return cache
  }

  func destroy(_ cache: KernelPointer<SlabCache<HostBoard>>) -> Bool {
    heap.pointee.destroyCache(cache)
  }

  /// The address of a frame that nobody else has.
  func freshFrame() -> PhysicalAddress? {
    frames.pointee.allocate(.kernel).map { frames.pointee.address(of: $0) }
  }

  /// What is said of the cache of that name; nil where there is none.
  func figures(_ name: String) -> SlabFigures? {
    var found: SlabFigures?
    heap.pointee.forEachCache { if $0.name.text == name { found = $0 } }
    return found
  }

  func end() { board.release() }
}
