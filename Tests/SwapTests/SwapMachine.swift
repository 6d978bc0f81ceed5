import Arm64
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import Swap
import TestSupport

/// A machine with swap areas, whose bytes lie in blocks of its own RAM.
struct SwapMachine {
  let board: HostBoard
  let frames: KernelPointer<FrameAllocator<HostBoard>>
  let swap: KernelPointer<SwapSpace<HostBoard>>

  init(_ pageSize: PageSize = .fourKiB, ram: ByteCount = .mebibytes(64)) {
    let machine = HostMachine(pageSize, ram: ram)
    board = machine.board
    frames = machine.frames
    let slab = machine.makeHeap()
    guard let trees = PageTrees(slab), let swap = SwapSpace.start(frames, slab, trees) else {
      fatalError("no swap space")
    }
    self.swap = swap
  }

  /// A device of so many pages with the header that mkswap would write; at most 1,024 pages.
  func device(
    _ pages: UInt64, isSolidState: Bool = false, bad: [UInt32] = []
  ) -> SwapDevice<HostBoard> {
    guard
      let first = frames.pointee.allocate(Order(holding: PageCount(pages)), [.kernel, .zero])
    else { fatalError("no memory for a device") }
    let start = first.address(board.pageSize)
    board.store(UInt32(1), at: start + ByteCount(1024))
    board.store(UInt32(pages - 1), at: start + ByteCount(1028))
    board.store(UInt32(bad.count), at: start + ByteCount(1032))
    for (index, page) in bad.enumerated() {
      board.store(page, at: start + ByteCount(1536 + UInt64(index) * 4))
    }
    for (index, byte) in "SWAPSPACE2".utf8.enumerated() {
      board.store(byte, at: start + board.pageSize.bytes - ByteCount(UInt64(10 - index)))
    }
    return SwapDevice(
      boardFile: start, PageCount(pages), minor: 0, isSolidState: isSolidState)
  }

  /// An anonymous page as a program's, mapped nowhere, with a word in it.
  func page(_ word: UInt64) -> PageFrameNumber {
    guard let number = frames.pointee.allocate(.highUserMovable) else { fatalError("no page") }
    let frame = frames.pointee.frame(number)
    frame.pointee.state = .anonymous
    frame.pointee.flags = [.uptodate, .swapBacked]
    frame.pointee.mapping = 0
    frame.pointee.mapCount = 0
    board.store(word, at: number.address(board.pageSize))
    return number
  }

  func word(_ number: PageFrameNumber) -> UInt64 {
    board.load(at: number.address(board.pageSize))
  }

  func entry(_ number: PageFrameNumber) -> SwapEntry {
    SwapEntry(rawValue: frames.pointee.frame(number).pointee.privateWord)
  }
}
