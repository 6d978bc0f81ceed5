import Arm64
import HostBoard
import MemoryTypes
import PageFrames

/// A machine of a test: banks of RAM on the host board, with the frame allocator started.
struct TestMachine {
  let board: HostBoard
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let pageSize: PageSize

  typealias Bank = (start: UInt64, length: UInt64)

  /// Banks are offsets from the start of RAM, in bytes.
  init(
    _ pageSize: PageSize, _ banks: [Bank], reserved: [Bank] = [],
    options: FrameAllocator<HostBoard>.Options = .init()
  ) {
    let end = banks.map { $0.start + $0.length }.max() ?? 0
    let geometry = TranslationGeometry(
      pageSize: pageSize, vaBits: pageSize == .fourKiB ? 48 : pageSize == .sixteenKiB ? 47 : 42)
    guard let geometry, let board = HostBoard(translation: geometry, span: ByteCount(end)) else {
      fatalError("no board")
    }
    var map = MemoryMap(pageSize: pageSize)
    func range(_ bank: Bank) -> PhysicalRange {
      PhysicalRange(
        start: HostBoard.ramBase + ByteCount(bank.start), length: ByteCount(bank.length))
    }
    for bank in banks { precondition(map.add(range(bank))) }
    for bank in reserved { precondition(map.reserve(range(bank))) }
    precondition(map.populateFrameTable { _, _ in true })
    let table = unsafe FrameTable(base: board.frameTableBase)
    var options = options
    options.ramIsZero = true
    guard
      let frames = FrameAllocator.start(board: board, map: &map, frames: table, options: options)
    else { fatalError("the allocator did not start") }
    self.board = board
    self.frames = frames
    self.pageSize = pageSize
  }

  func end() { board.release() }
}

let mebibyte: UInt64 = 1 << 20
let gibibyte: UInt64 = 1 << 30
let pageSizes: [PageSize] = [.fourKiB, .sixteenKiB, .sixtyFourKiB]

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
