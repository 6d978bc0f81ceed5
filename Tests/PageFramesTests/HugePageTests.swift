import HostBoard
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Pools of huge pages: what goes in is nobody else's, and comes back whole.
@Suite struct HugePageTests {
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB])
  func whatIsKeptComesBack(size: PageSize) {
    let machine = TestMachine(size, [(0, size == .fourKiB ? 32 * mebibyte : 256 * mebibyte)])
    defer { machine.end() }
    let frames = machine.frames
    let free = frames.pointee.unused
    for kind in [HugePageSize.block, .contiguous] {
      let order = frames.pointee.hugePages[kind.rawValue].order
      var kept = 0
      while kept < 5,
        let number = frames.pointee.allocate(order, [.highUserMovable, .compound, .noWarn])
      {
        frames.pointee.addHugePage(number, kind)
        kept += 1
      }
      #expect(kept > 2)
      #expect(frames.pointee.hugePages[kind.rawValue].count == kept)
      let rest = frames.pointee.unused
      #expect(rest.rawValue == free.rawValue - UInt64(kept) * order.pages.rawValue)
      frames.pointee.checkInvariants()
      while frames.pointee.removeHugePage(kind) { kept -= 1 }
      #expect(kept == 0)
      #expect(frames.pointee.unused == free)
      frames.pointee.checkInvariants()
    }
    let counted = frames.pointee.statistic(.htlb_buddy_alloc_success)
    #expect(counted > 4)
  }
}
