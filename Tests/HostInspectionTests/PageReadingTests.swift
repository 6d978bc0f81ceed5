import Glibc
import MemoryTypes
import Testing

@testable import HostInspection

/// Pages of this very process, which touches some that it knows.
@Suite(.serialized) struct PageReadingTests {
  /// 16M without huge pages, of which some pages are written and some only read.
  ///
  /// SAFETY: the memory is mapped as long as the value lives, and accesses are to pages within it.
  @safe private struct Region: ~Copyable {
    let base: UnsafeMutableRawPointer
    static let pages = 4096
    let size = Region.pages * 4096

    init() throws {
      let memory = unsafe mmap(
        nil, Region.pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      unsafe base = try #require(memory)
      unsafe madvise(base, size, MADV_NOHUGEPAGE)
    }

    deinit { unsafe munmap(base, size) }

    func write(_ page: Int) {
      unsafe (base + page * 4096).storeBytes(of: 1, as: UInt8.self)
    }

    func read(_ page: Int) -> UInt8 { unsafe (base + page * 4096).load(as: UInt8.self) }
  }

  @Test func bothWaysOfReadingTellTheSame() throws {
    let host = HostPages.running()
    guard host.pageShift == 12 else { return }
    let region = try Region()
    var random = SeededRandom(11)
    var written: Set<Int> = []
    for _ in 0..<700 {
      let page = random.below(Region.pages)
      region.write(page)
      written.insert(page)
    }
    var sum = 0
    for _ in 0..<300 { sum += Int(region.read(random.below(Region.pages))) }
    #expect(sum >= 0)
    let start = unsafe UInt64(UInt(bitPattern: region.base))
    let smaps = try HostFileReading.bytes("/proc/self/smaps")
    let areas = VirtualArea.all(smaps: smaps).filter {
      $0.start.rawValue <= start && start < $0.end.rawValue
    }
    #expect(areas.count == 1)
    let file = unsafe open("/proc/self/pagemap", O_RDONLY)
    try #require(file >= 0)
    defer { close(file) }
    let reader = PageReader(host: host, areas: areas)
    let expected = written.sorted().map { start + UInt64($0) * 4096 }
    func resident(_ runs: [PageRun]) -> [UInt64] {
      runs.filter { $0.kind == .resident }.flatMap {
        stride(from: $0.start.rawValue, to: $0.end.rawValue, by: 4096)
      }.filter { start <= $0 && $0 < start + UInt64(region.size) }
    }
    let words = try #require(reader.read(file))
    #expect(resident(words) == expected)
    // Kernels before 6.7 do not have the call.
    if let scanned = reader.scanned(file) {
      #expect(resident(scanned) == expected)
      #expect(scanned.contains { $0.kind == .uncounted })
    }
  }

  @Test func wordsOfZeroPagesAreToldBySMaps() {
    var area = VirtualArea.all(smaps: Array("1000-8000 rw-p 00000000 00:00 0".utf8))[0]
    let present: UInt64 = 1 << 63
    let exclusive: UInt64 = 1 << 56
    let words = [present | exclusive, present, 0, 1 << 62, present, present | 1 << 61, present]
    let reader = PageMapWords(pageShift: 12, hugeShift: 21)
    func kinds(_ rss: UInt64) -> [PageRun.Kind] {
      area.rss = .kibibytes(rss)
      return reader.runs(area, words).map(\.kind)
    }
    #expect(kinds(20) == [.resident, .swapped, .resident])
    #expect(kinds(8) == [.resident, .uncounted, .swapped, .uncounted, .resident, .uncounted])
    #expect(kinds(12) == [.resident, .perhaps, .swapped, .perhaps, .resident, .perhaps])
    area.flags = .hugetlb
    #expect(kinds(0) == [.pool, .swapped, .pool])
  }

  @Test func wholeAlignedUnitsMayBeHuge() {
    let run = PageRun(
      start: VirtualAddress(0x1f_f000), length: ByteCount(0x40_2000), kind: .resident, unitShift: 12
    )
    let pieces = HiddenUnits(shift: 21).hide([run])
    #expect(pieces.map(\.unitShift) == [12, 21, 12])
    #expect(pieces.map(\.length.rawValue) == [0x1000, 0x40_0000, 0x1000])
    #expect(HiddenUnits(shift: 21).hide([pieces[0]]) == [pieces[0]])
  }
}
