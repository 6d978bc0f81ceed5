import MemoryTypes
import PageFrames
import TestSupport
import Testing

@Suite struct MemoryMapTests {
  /// Random ranges against a bitmap of pages.
  @Test func regionsAreASetOfPages() {
    let seed: UInt64 = 31
    var random = Random(seed: seed)
    for _ in 0..<40 {
      var list = RegionList()
      var model = [Bool](repeating: false, count: 200)
      for _ in 0..<60 {
        let start = random.below(200)
        let end = min(200, start + random.below(20))
        let range = PhysicalRange(
          start: PhysicalAddress(UInt64(start) << 12), end: PhysicalAddress(UInt64(end) << 12))
        let insert = random.below(2) == 0
        let done = insert ? list.insert(range) : list.remove(range)
        #expect(done)
        for page in start..<end { model[page] = insert }
      }
      for page in 0..<200 {
        let inside = list.contains(PhysicalAddress(UInt64(page) << 12 + 5))
        #expect(inside == model[page], "seed \(seed)")
      }
      let total = list.total
      #expect(total.rawValue == UInt64(model.filter { $0 }.count) << 12)
      for index in 1..<max(list.count, 1) {
        let (below, above) = (list[index - 1], list[index])
        #expect(below.end < above.start)
      }
    }
  }

  @Test func allocationIsTopDownAndAvoidsWhatIsReserved() {
    var map = MemoryMap(pageSize: .fourKiB)
    let base: UInt64 = 0x4000_0000
    _ = map.add(PhysicalRange(start: PhysicalAddress(base), length: .mebibytes(64)))
    _ = map.add(PhysicalRange(start: PhysicalAddress(base + 256 << 20), length: .mebibytes(32)))
    let top = base + 288 << 20
    _ = map.reserve(PhysicalRange(start: PhysicalAddress(top - 4096), length: ByteCount(4096)))
    let first = map.allocate(ByteCount(8192), alignment: ByteCount(4096))
    #expect(first == PhysicalAddress(top - 3 * 4096))
    let aligned = map.allocate(.mebibytes(2), alignment: .mebibytes(2))
    #expect(aligned == PhysicalAddress(top - 4 << 20))
    let large = map.allocate(.mebibytes(40), alignment: ByteCount(4096))
    #expect(large == PhysicalAddress(base + 24 << 20))
    let low = map.allocate(
      ByteCount(4096), alignment: ByteCount(4096), below: PhysicalAddress(base + 4096))
    #expect(low == PhysicalAddress(base))
    let none = map.allocate(.mebibytes(64), alignment: ByteCount(4096))
    #expect(none == nil)
    var free: UInt64 = 0
    map.forEachFreeRange { free += $0.length.rawValue }
    let total = map.banks.total
    #expect(free == total.rawValue - (4096 + 8192 + 42 << 20 + 4096))
  }

  /// A block of the frame table for each section with RAM, none for holes.
  @Test(arguments: pageSizes) func theFrameTableCoversSectionsWithRAM(size: PageSize) {
    var map = MemoryMap(pageSize: size)
    let section = map.geometry.section.rawValue
    _ = map.add(
      PhysicalRange(start: PhysicalAddress(4 * section), length: ByteCount(section / 2)))
    _ = map.add(
      PhysicalRange(
        start: PhysicalAddress(4 * section + section / 2 + 65536), length: ByteCount(section)))
    _ = map.add(
      PhysicalRange(start: PhysicalAddress(20 * section), length: ByteCount(3 * section)))
    var covered: [UInt64] = []
    let done = map.populateFrameTable { frame, block in
      let sections = block.length.rawValue / tableOfSection(size)
      for index in 0..<sections {
        covered.append((frame.rawValue << size.shift) / section + index)
      }
      return true
    }
    #expect(done)
    #expect(covered == [4, 5, 20, 21, 22])
  }

  func tableOfSection(_ size: PageSize) -> UInt64 { BlockGeometry(size).sectionTable.rawValue }

  @Test(arguments: [
    (PageSize.fourKiB, 11, 9 as UInt64), (.sixteenKiB, 12, 11), (.sixtyFourKiB, 14, 13),
  ])
  func ordersAreLinux(size: PageSize, orders: Int, pageblock: UInt64) {
    let geometry = BlockGeometry(size)
    #expect(geometry.orders == orders)
    #expect(geometry.pageblock == Order(pageblock))
    // A block never leaves its section, so its frames' entries are there or not together.
    #expect(geometry.largest.pages.bytes(of: size) <= geometry.section)
  }
}
