import MemoryTypes
import Testing

@Suite struct AddressTests {
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func alignmentAtTheEdges(size: PageSize) {
    let bytes = size.bytes.rawValue
    #expect(VirtualAddress(bytes - 1).alignedDown(to: size).rawValue == 0)
    #expect(VirtualAddress(bytes).alignedDown(to: size).rawValue == bytes)
    #expect(VirtualAddress(1).alignedUp(to: size).rawValue == bytes)
    #expect(VirtualAddress(0).alignedUp(to: size).rawValue == 0)
    #expect(VirtualAddress(.max).alignedUp(to: size).rawValue == 0)
    #expect(VirtualAddress(.max).offset(in: size).rawValue == bytes - 1)
    #expect(PhysicalAddress(bytes * 3).isAligned(to: size))
    #expect(!PhysicalAddress(bytes * 3 + 8).isAligned(to: size))
  }

  @Test func arithmeticWraps() {
    #expect(VirtualAddress(.max) + ByteCount(1) == VirtualAddress(0))
    #expect(VirtualAddress(0) - ByteCount(1) == VirtualAddress(.max))
    #expect(VirtualAddress(2) - VirtualAddress(5) == ByteCount(UInt64.max - 2))
  }

  @Test func pagesOfBytes() {
    #expect(ByteCount(0).pagesNeeded(of: .fourKiB) == .zero)
    #expect(ByteCount(1).pagesNeeded(of: .fourKiB) == PageCount(1))
    #expect(ByteCount(4097).pagesNeeded(of: .fourKiB) == PageCount(2))
    #expect(ByteCount(.max).pagesNeeded(of: .fourKiB) == PageCount(1 << 52))
    #expect(ByteCount(4097).wholePages(of: .fourKiB) == PageCount(1))
    #expect(ByteCount(.max).alignedUp(to: .fourKiB) == .zero)
  }

  @Test func ordersAndBuddies() {
    for order in 0..<20 as Range<UInt64> {
      let order = Order(order)
      let block = PageFrameNumber(0x100_0000)
      #expect(block.buddy(order).buddy(order) == block)
      #expect(block.buddy(order) - block == order.pages)
      #expect(Order(holding: order.pages) == order)
      #expect(Order(holding: order.pages + PageCount(1)) == order + 1)
    }
    #expect(Order(holding: .zero) == .zero)
    #expect(!PageFrameNumber(6).isAligned(to: Order(2)))
    #expect(PageFrameNumber(8).isAligned(to: Order(3)))
  }

  @Test func onlyThreePageSizes() {
    #expect((0...64 as ClosedRange<UInt64>).filter { PageSize(shift: $0) != nil } == [12, 14, 16])
  }
}
