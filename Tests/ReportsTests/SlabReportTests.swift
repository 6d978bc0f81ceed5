import HostInspection
import Machine
import MemoryTypes
import Testing

@testable import Reports

@Suite struct SlabReportTests {
  static let text = """
    slabinfo - version: 2.1
    # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
    dentry               100    126    192   21    1 : tunables    0    0    0 : slabdata      6      6      0
    task_struct           22     22   2752   11    8 : tunables    0    0    0 : slabdata      2      2      0
    kmalloc-8k             0      0   8192    4    8 : tunables    0    0    0 : slabdata      0      0      0
    kmem_cache            80     80    256   16    1 : tunables    0    0    0 : slabdata      5      5      0

    """

  private func info(_ text: String) throws -> SlabInfo {
    try SlabInfo(Array(text.utf8), of: "it")
  }

  @Test func sumsAndOrders() throws {
    let info = try info(Self.text)
    #expect(info.caches.count == 4 && info.fittingPageSize == .fourKiB)
    let report = SlabReport(info, page: .fourKiB, order: .footprint)
    #expect(report.caches.map(\.name) == ["task_struct", "dentry", "kmem_cache", "kmalloc-8k"])
    #expect(report.total.bytes == (16 + 6 + 5) * 4096)
    #expect(report.total.activeBytes == 100 * 192 + 22 * 2752 + 80 * 256)
    let orders: [(SlabReport.Order, [String])] = [
      (.objects, ["dentry", "kmem_cache", "task_struct", "kmalloc-8k"]),
      (.active, ["dentry", "kmem_cache", "task_struct", "kmalloc-8k"]),
      (.use, ["kmem_cache", "task_struct", "dentry", "kmalloc-8k"]),
      (.size, ["kmalloc-8k", "task_struct", "kmem_cache", "dentry"]),
      (.slabs, ["dentry", "kmem_cache", "task_struct", "kmalloc-8k"]),
      (.name, ["dentry", "kmalloc-8k", "kmem_cache", "task_struct"]),
    ]
    for (order, names) in orders {
      #expect(SlabReport(info, page: .fourKiB, order: order).caches.map(\.name) == names)
    }
  }

  @Test func theTextIsSlabtops() throws {
    let report = SlabReport(try info(Self.text), page: .fourKiB, order: .footprint)
    #expect(
      report.text(.plain, all: false) == [
        "108K of kernel objects", "",
        "  Active objects    202  of   228   88.6%",
        "  Active slabs       13  of    13  100.0%",
        "  Active caches       3  of     4   75.0%",
        "  Active bytes    97.9K  of  108K   90.6%", "",
        "OBJS  ACTIVE     USE  OBJ SIZE  SLABS  OBJ/SLAB  CACHE SIZE  NAME",
        "  22      22  100.0%     2,752      2        11         64K  task_struct",
        " 126     100   79.4%       192      6        21         24K  dentry",
        "  80      80  100.0%       256      5        16         20K  kmem_cache",
        "1 cache without a slab (--all shows it)",
      ])
    #expect(report.text(.plain, all: true).last?.hasSuffix("kmalloc-8k") == true)
  }

  @Test(arguments: [
    "", "meminfo", "slabinfo - version: 2.1\nshort 1 2 3\n",
    "slabinfo - version: 2.1\nx 9 1 8 1 1 : tunables 0 0 0 : slabdata 1 1 0\n",
    "slabinfo - version: 2.1\nx 1 1 8 1 0 : tunables 0 0 0 : slabdata 1 1 0\n",
    "slabinfo - version: 2.1\nx 1 1 8 1 1 : tunables 0 0 0 : slabdata 1 99999999999999999999 0\n",
  ])
  func hostileTextsAreNamed(text: String) {
    #expect(throws: MachineError.self) { try info(text) }
  }

  @Test func enormousNumbersAreNoTrap() throws {
    let n = UInt64(1) << 40
    let row = "x \(n) \(n) \(1 << 30) \(1 << 30) \(1 << 20)"
    let rows = (0..<8).map { _ in "\(row) : tunables 0 0 0 : slabdata \(n) \(n) 0" }
    let all = try info("slabinfo - version: 2.1\n" + rows.joined(separator: "\n"))
    for order in SlabReport.Order.allCases {
      let report = SlabReport(all, page: .sixtyFourKiB, order: order)
      #expect(!report.text(.plain, all: true).isEmpty && !report.json.text.isEmpty)
    }
  }
}
