import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Which page blocks a request takes when its own type has none.
@Suite struct MigrateTypeTests {
  /// A fresh 512M machine after one unmovable and one reclaimable page: Linux prints 2, 252 and 2
  /// blocks of 4K pages too, for each takes a largest block, which is two page blocks.
  @Test func theFirstPageTakesALargestBlock() {
    let machine = TestMachine(.fourKiB, [(0, 512 * mebibyte)])
    defer { machine.end() }
    let frames = machine.frames
    #expect(blocks(machine) == [0, 256, 0, 0])
    _ = frames.pointee.allocate(.kernel)
    _ = frames.pointee.allocate([.kernel, .reclaimable])
    #expect(blocks(machine) == [2, 252, 2, 0])
    // What is left of the stolen block is on the thief's lists.
    let left = (0..<11 as Range<UInt64>).map {
      frames.pointee.freeBlocks(.dma, Order($0), .unmovable)
    }
    #expect(left.enumerated().reduce(0) { $0 + $1.element << $1.offset } == 1024 - 31)
    frames.pointee.checkInvariants()
  }

  /// With fewer than four page blocks all pages are unmovable, as on 64K pages and 512M.
  @Test func smallMachinesDoNotGroup() {
    let machine = TestMachine(.sixtyFourKiB, [(0, 512 * mebibyte)])
    defer { machine.end() }
    let groups = machine.frames.pointee.groupsByMobility
    #expect(!groups)
    _ = machine.frames.pointee.allocate(.highUserMovable)
    #expect(blocks(machine) == [1, 0, 0, 0])
    machine.frames.pointee.checkInvariants()
  }

  /// A movable request that finds only small foreign blocks breaks the smallest; an unmovable one
  /// takes the largest, and the page block with it when half of it is free or not movable.
  @Test func fallbackPrefersWhatDoesNotFragment() {
    let machine = TestMachine(.fourKiB, [(0, 512 * mebibyte)])
    defer { machine.end() }
    let frames = machine.frames
    // All of memory to the last frame, movable and single.
    var all: [PageFrameNumber] = []
    while let number = frames.pointee.allocate([.highUserMovable, .memoryAllocator]) {
      frames.pointee.frame(number).pointee.state = .anonymous
      all.append(number)
    }
    frames.pointee.drain()
    // Of one page block free the first 16 frames, of another a block of 8: below half of both.
    let first = all.first { $0.isAligned(to: Order(9)) && $0.rawValue > 270_000 }
    guard let first else {
      Issue.record("no page block")
      return
    }
    let owned = Set(all.map(\.rawValue))
    for offset in 0..<16 as Range<UInt64> { free(first + PageCount(offset)) }
    let other = first + PageCount(4096)
    for offset in 0..<8 as Range<UInt64> { free(other + PageCount(offset)) }
    frames.pointee.drain()
    let before = blocks(machine)
    // Only those that may use the reserves get one now.
    let urgent: GFP = [.kernel, .memoryAllocator]
    let taken = frames.pointee.allocate(urgent)
    #expect(taken != nil)
    // Little of any block is free, and all else in it is movable: no block changes its type.
    #expect(blocks(machine) == before)
    frames.pointee.checkInvariants()

    func free(_ number: PageFrameNumber) {
      guard owned.contains(number.rawValue) else { return }
      frames.pointee.free(number)
    }
  }

  /// Half a page block free: an unmovable request claims the block.
  @Test func halfABlockIsClaimed() {
    let machine = TestMachine(.fourKiB, [(0, 512 * mebibyte)])
    defer { machine.end() }
    let frames = machine.frames
    var blocks9: [PageFrameNumber] = []
    while let number = frames.pointee.allocate(Order(9), .highUserMovable) {
      blocks9.append(number)
    }
    // Leave nothing larger than half a page block anywhere.
    while frames.pointee.allocate(Order(6), .highUserMovable) != nil {}
    let victim = blocks9[blocks9.count / 2]
    frames.pointee.split(victim, Order(9))
    for offset in 0..<512 as Range<UInt64> where offset < 256 {
      frames.pointee.free(victim + PageCount(offset))
    }
    frames.pointee.drain()
    #expect(frames.pointee.freeBlocks(.dma, Order(8)) == 1)
    let unmovable = frames.pointee.pageblocks(.dma, .unmovable)
    #expect(frames.pointee.allocate([.kernel, .memoryAllocator]) != nil)
    #expect(frames.pointee.pageblocks(.dma, .unmovable) == unmovable + 1)
    frames.pointee.checkInvariants()
  }

  /// An atomic request for several pages gets its page block kept for such; others get it back
  /// only when there is nothing else.
  @Test func atomicBlocksAreKept() {
    let machine = TestMachine(.fourKiB, [(0, 512 * mebibyte)])
    defer { machine.end() }
    let frames = machine.frames
    // Only the second look, below the low watermark, keeps blocks.
    var all: [PageFrameNumber] = []
    while frames.pointee.free > frames.pointee.lowWatermark {
      guard let number = frames.pointee.allocate(Order(4), .highUserMovable) else { break }
      all.append(number)
    }
    guard let atomic = frames.pointee.allocate(Order(4), .atomic) else {
      Issue.record("no atomic block")
      return
    }
    #expect(frames.pointee.pageblocks(.dma, .highAtomic) == 1)
    frames.pointee.checkInvariants()
    frames.pointee.free(atomic, Order(4))
    frames.pointee.checkInvariants()
    // The last that there is goes to whoever waits; then the block is an ordinary one again.
    while let number = frames.pointee.allocate(.highUserMovable) {
      all.append(number)
    }
    #expect(frames.pointee.pageblocks(.dma, .highAtomic) == 0)
    frames.pointee.checkInvariants()
  }

  func blocks(_ machine: TestMachine) -> [Int] {
    [MigrateType.unmovable, .movable, .reclaimable, .highAtomic].map {
      machine.frames.pointee.pageblocks(.dma, $0)
    }
  }
}

extension FrameAllocator {
  /// The low watermarks of all zones together.
  var lowWatermark: PageCount {
    PageCount(UInt64(figures(of: .dma).watermarks.low + figures(of: .normal).watermarks.low))
  }
}
