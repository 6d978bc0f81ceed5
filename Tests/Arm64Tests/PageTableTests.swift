import Arm64
import HostBoard
import MemoryTypes
import TestSupport
import Testing

/// The editor beside a dictionary: pages set and cleared within areas that come and go as VMAs do,
/// tables freed with their neighbours as floor and ceiling.
@Suite struct PageTableTests {
  struct Area: Equatable {
    var start: UInt64
    var end: UInt64
  }

  @Test(arguments: Shape.all)
  func agreesWithADictionary(shape: Shape) throws {
    var random = Random(seed: 99 &+ shape.vaBits &* 64 &+ shape.shift)
    let space = try Space(shape)
    defer { space.release() }
    let page = UInt64(1) << shape.shift
    var areas: [Area] = []
    var pages: [UInt64: Descriptor] = [:]
    var tables: [PageFrameNumber: (level: Int, address: UInt64)] = [:]

    for step in 0..<1200 {
      let what: Comment = "\(shape.testDescription), step \(step)"
      switch UInt64.random(in: 0..<8, using: &random) {
      case 0, 1:
        let start = Self.anchor(shape, &random)
        let length = page << UInt64.random(in: 0..<14, using: &random)
        let area = Area(start: start, end: start &+ length)
        let top = UInt64(1) << shape.vaBits
        if area.end > area.start, area.end <= top,
          !areas.contains(where: { $0.start < area.end && area.start < $0.end })
        {
          areas.append(area)
          areas.sort { $0.start < $1.start }
        }
      case 2:
        guard let index = areas.indices.randomElement(using: &random) else { continue }
        let area = areas.remove(at: index)
        space.table.forEachRun(in: VirtualAddress(area.start)..<VirtualAddress(area.end)) { run in
          for i in 0..<run.count where !run[i].isNone {
            let address = run.address(i, space.board.pageSize).rawValue
            #expect(pages.removeValue(forKey: address) == run[i], what)
            run[i] = .none
          }
        }
        for address in pages.keys { #expect(!(area.start..<area.end).contains(address), what) }
        space.table.freeTables(
          in: VirtualAddress(area.start)..<VirtualAddress(area.end),
          floor: VirtualAddress(index > 0 ? areas[index - 1].end : 0),
          ceiling: VirtualAddress(index < areas.count ? areas[index].start : 0)
        ) { frame, level in
          #expect(tables.removeValue(forKey: frame)?.level == level, what)
          space.giveBack(frame)
        }
      default:
        guard let area = areas.randomElement(using: &random) else { continue }
        let count = (area.end - area.start) / page
        let address = area.start + UInt64.random(in: 0..<count, using: &random) * page
        let slot = space.table.entryAllocating(for: VirtualAddress(address)) { level in
          let frame = space.frame()
          tables[frame] = (level, address)
          return frame
        }
        let frame = PageFrameNumber(UInt64.random(in: 0..<1 << 30, using: &random))
        let descriptor = Descriptor(page: frame, .userReadWrite, in: space.geometry)
        try #require(slot).pointee = descriptor
        pages[address] = descriptor
      }
      if step % 16 == 0 { check(space, areas, pages, tables, what) }
    }
    check(space, areas, pages, tables, "end")
  }

  func check(
    _ space: Space, _ areas: [Area], _ pages: [UInt64: Descriptor],
    _ tables: [PageFrameNumber: (level: Int, address: UInt64)], _ what: Comment
  ) {
    let geometry = space.geometry
    let walker = space.walker(upper: false)
    for (address, descriptor) in pages {
      #expect(space.table.entry(for: VirtualAddress(address))?.pointee == descriptor, what)
      guard case .mapped(let mapping) = walker.walk(VirtualAddress(address)) else {
        Issue.record("\(what): lost \(address)")
        continue
      }
      #expect(mapping.descriptor == descriptor, what)
      #expect(mapping.address == descriptor.output(in: geometry), what)
    }
    // Every table has an area to serve: the others have been freed.
    let counts = space.table.tableCounts()
    #expect((-1...3).reduce(0) { $0 + counts[$1] } == tables.count + 1, what)
    for (_, table) in tables {
      let span = geometry.coverage(at: table.level - 1).rawValue
      let start = table.address & ~(span - 1)
      #expect(areas.contains { $0.start <= start + (span - 1) && start < $0.end }, what)
    }
    for level in geometry.startLevel..<4 where level != geometry.startLevel {
      #expect(counts[level] == tables.values.count { $0.level == level }, what)
    }
  }

  /// An address near a boundary of tables, so that areas meet in one and straddle others.
  static func anchor(_ shape: Shape, _ random: inout Random) -> UInt64 {
    let page = UInt64(1) << shape.shift
    let level = [2, 2, 2, 1, 0].randomElement(using: &random) ?? 2
    let shift = shape.shift + (shape.shift - 3) * UInt64(3 - level)
    let unit = UInt64(1) << min(shift, shape.vaBits - 1)
    let boundary = UInt64.random(in: 0..<3, using: &random) * unit
    let offset = UInt64.random(in: 0..<64, using: &random) * page
    let below = Bool.random(using: &random) && boundary > offset
    let address = below ? boundary - offset : boundary + offset
    return address & ((1 << shape.vaBits) - 1)
  }

  @Test func runsEndWithTheirTableOrTheRange() throws {
    let space = try Space(Shape(shift: 12, vaBits: 48, large: false))
    defer { space.release() }
    let start = VirtualAddress(0x1f_e000)
    let run = try #require(
      space.table.runAllocating(at: start, end: start + .mebibytes(1)) { _ in space.frame() })
    #expect(run.count == 2)
    #expect(run.address(1, .fourKiB) == VirtualAddress(0x1f_f000))
    #expect(run.slot(1) == space.table.entry(for: VirtualAddress(0x1f_f000)))
    #expect(space.table.run(at: VirtualAddress(0x1000), end: VirtualAddress(0x3001))?.count == 3)
    #expect(space.table.run(at: VirtualAddress(0x20_0000), end: VirtualAddress(0x20_1000)) == nil)
    #expect(space.table.entry(for: start, at: 2)?.pointee.isTable == true)
    #expect(space.table.entry(for: start, at: 0)?.pointee.isTable == true)
    #expect(space.table.entry(for: VirtualAddress(1 << 40), at: 1) == nil)
  }

  @Test func errorsLeaveTheIteration() throws {
    struct Stop: Error {}
    let space = try Space(Shape(shift: 16, vaBits: 42, large: false))
    defer { space.release() }
    for page in [0, 1 << 29, 2 << 29] as [UInt64] {
      _ = space.table.entryAllocating(for: VirtualAddress(page)) { _ in space.frame() }
    }
    var seen = 0
    #expect(throws: Stop.self) {
      try space.table.forEachRun(in: VirtualAddress(0)..<VirtualAddress(4 << 29)) { _ in
        seen += 1
        if seen == 2 { throw Stop() }
      }
    }
    #expect(seen == 2)
  }
}
