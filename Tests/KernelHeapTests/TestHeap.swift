import Arm64
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames

/// A heap of a test, on a bank of RAM of the host board.
struct TestHeap {
  let board: HostBoard
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let heap: KernelPointer<SlabAllocator<HostBoard>>

  init(_ pageSize: PageSize, ram: ByteCount = .mebibytes(64)) {
    let geometry = TranslationGeometry(
      pageSize: pageSize, vaBits: pageSize == .fourKiB ? 48 : pageSize == .sixteenKiB ? 47 : 42)
    guard let geometry, let board = HostBoard(translation: geometry, span: ram) else {
      fatalError("no board")
    }
    var map = MemoryMap(pageSize: pageSize)
    precondition(map.add(PhysicalRange(start: HostBoard.ramBase, length: ram)))
    precondition(map.populateFrameTable { _, _ in true })
    let table = unsafe FrameTable(base: board.frameTableBase)
    guard let frames = FrameAllocator.start(board: board, map: &map, frames: table),
      let heap = SlabAllocator.start(frames: frames)
    else { fatalError("the heap did not start") }
    self.board = board
    self.frames = frames
    self.heap = heap
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

/// A small generator of random numbers that repeats: SplitMix64.
struct Random {
  var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
