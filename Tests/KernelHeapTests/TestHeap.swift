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

  init(_ pageSize: PageSize, ram: ByteCount = .mebibytes(64)) {
    let machine = HostMachine(pageSize, ram: ram)
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

  func end() { board.release() }
}
