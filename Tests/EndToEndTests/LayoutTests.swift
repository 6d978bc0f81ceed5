import Foundation
import ProbeComparison
import Testing

/// `kilburn layout` and `kilburn decode`, through the built tool.
@Suite struct LayoutTests {
  /// The borders that `layout --json` gives, by the names of Linux's constants.
  static func constants(_ words: [String]) throws -> [String: UInt64] {
    let run = try Kilburn.run(["layout", "--json"] + words)
    #expect(run.status == 0 && run.errors.isEmpty, "\(words): \(run)")
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
    let members = try #require(object as? [String: Any])
    let regions = try #require(members["regions"] as? [[String: String]])
    var found: [String: UInt64] = [:]
    func number(_ text: String?) -> UInt64? { UInt64((text ?? "").dropFirst(2), radix: 16) }
    let names = [
      "memory": ("PAGE_OFFSET", "PAGE_END"), "modules": ("MODULES_VADDR", "MODULES_END"),
      "vmalloc": ("VMALLOC_START", "VMALLOC_END"), "vmemmap": ("VMEMMAP_START", "VMEMMAP_END"),
      "PCI I/O": ("PCI_IO_START", "PCI_IO_END"), "fixmap": ("FIXADDR_START", "FIXADDR_TOP"),
      "kasan": ("KASAN_SHADOW_START", "KASAN_SHADOW_END"),
    ]
    for region in regions {
      #expect(Set(region.keys) == ["name", "start", "end", "size", "note"])
      guard let (start, end) = names[region["name"] ?? ""] else { continue }
      found[start] = number(region["start"])
      found[end] = number(region["end"])
    }
    for landmark in try #require(members["landmarks"] as? [[String: String]]) {
      found[landmark["name"] ?? ""] = number(landmark["address"])
    }
    return found
  }

  /// The twelve configurations of 6.1 whose constants were recorded.
  @Test(.enabled(if: Checkout.hasRecordings)) func equalsTheRecordedConstants() throws {
    let file = Checkout.recordings.appending(path: "LAYOUT.md")
    let table = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: "|", omittingEmptySubsequences: false).dropFirst().map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
    let columns = table[0].dropFirst().filter { !$0.isEmpty }
    #expect(columns.count == 12)
    for (index, name) in columns.enumerated() {
      let pages = name.prefix { $0 != "k" }
      let bits = name.dropFirst(pages.count + 1).prefix(2)
      let words = ["--page-size", "\(pages)K", "--va-bits", "\(bits)"]
      let found = try Self.constants(
        words + (name.hasSuffix("kasan") ? ["--kasan", "generic"] : []))
      var compared = 0
      for row in table.dropFirst(2) where row.count > index + 1 {
        guard let ours = found[row[0]], row[index + 1].hasPrefix("0x") else { continue }
        #expect(
          ours == UInt64(row[index + 1].dropFirst(2), radix: 16), "\(name) \(row[0])")
        compared += 1
      }
      #expect(compared >= 15, "\(name)")
    }
  }

  @Test func otherKernels() throws {
    // 4.8 on a ThunderX with 64K pages printed these, and 6.12 has these constants.
    let old = try Self.constants(["--kernel", "4.8", "--page-size", "64K", "--va-bits", "42"])
    #expect(old["VMALLOC_END"] == 0xffff_fdff_5fff_0000)
    #expect(old["FIXADDR_START"] == 0xffff_fdff_7e7d_0000)
    let new = try Self.constants(["--kernel", "6.12.4"])
    #expect(new["VMEMMAP_START"] == 0xffff_fdff_c000_0000)
    #expect(new["MODULES_END"] == 0xffff_8000_8000_0000)
  }

  @Test func aPictureIsWritten() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "layout.svg")
    let run = try Kilburn.run(["layout", "--svg", file.path])
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("Linux 6.1, 4K pages, 48 bits\n"))
    #expect(try String(contentsOf: file, encoding: .utf8).hasPrefix("<svg "))
  }

  @Test func addressesAreDecoded() throws {
    let run = try Kilburn.run(["decode", "ffff_8000_0a3c_1f40", "phys:0x40001000"])
    #expect(run.status == 0)
    #expect(run.output.contains("region  vmalloc, ffff800008000000 - fffffbffefffffff"))
    #expect(run.output.contains("pgd 256, pud 0, pmd 81, pte 449, offset 0xf40"))
    #expect(run.output.contains("ffff000000001000\n"))
    let json = try Kilburn.run(["decode", "--json", "0", "ffffffffffffffff"])
    #expect(json.output.split(separator: "\n").count == 2)
    for line in json.output.split(separator: "\n") {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }
  }

  @Test func aPastedOopsIsExplained() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let oops = folder.appending(path: "oops")
    try """
    Unable to handle kernel paging request at virtual address fffffc0012345678
    swapper pgtable: 64k pages, 42-bit VAs, pgdp=0000000040af9000
    CPU: 0 PID: 24 Comm: lkdtm Not tainted 5.10.0-30-arm64 #2
    sp : fffffe0010000000
    """.write(to: oops, atomically: true, encoding: .utf8)
    let run = try Kilburn.run(["decode"], input: oops)
    #expect(
      run.output == """
        # Linux 5.10, 64K pages, 42 bits
        Unable to handle kernel paging request at virtual address fffffc0012345678
              > fffffc0012345678  memory+0x12345678  [0/4660+0x5678]  phys 0x52345678 pfn 0x5234
        swapper pgtable: 64k pages, 42-bit VAs, pgdp=0000000040af9000
        CPU: 0 PID: 24 Comm: lkdtm Not tainted 5.10.0-30-arm64 #2
        sp : fffffe0010000000
              > fffffe0010000000  vmalloc+0x0  [4096/4096+0x0]

        """)
    let list = folder.appending(path: "list")
    try (0..<20_000).map { String(0xffff_8000_0000_0000 + UInt64($0) << 12, radix: 16) }
      .joined(separator: "\n").write(to: list, atomically: true, encoding: .utf8)
    let many = try Kilburn.run(["decode"], input: list)
    #expect(many.status == 0)
    #expect(many.output.split(separator: "\n").count == 20_000)
  }

  static let unusable: [(words: [String], cause: String)] = [
    (["layout", "--kernel", "2.6"], "older than 3.18"),
    (["layout", "--kernel", "six"], "--kernel cannot be 'six'"),
    (["layout", "--va-bits", "52"], "has no 52-bit addresses with 4K pages"),
    (["layout", "--kasan", "some"], "--kasan cannot be 'some'"),
    (["layout", "--kernel", "4.14", "--kasan", "sw-tags"], "no KASAN with sw-tags"),
    (["layout", "--page-size", "8K"], "--page-size cannot be '8K'"),
    (["layout", "--ram", "8E"], "no memory that a machine could have"),
    (["layout", "--actual-va-bits", "39"], "translates 48 bits on every machine"),
    (["decode", "xyz"], "'xyz' is no address"),
    (["decode", "11112222333344445"], "is no address"), (["decode", "pfn:-1"], "is no address"),
  ]

  @Test(arguments: unusable) func whatCannotBeIsRefusedInOneLine(words: [String], cause: String)
    throws
  {
    let run = try Kilburn.run(words)
    #expect(run.status == 64, "\(run)")
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(cause), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
  }

  @Test func whatIsNotThereIsAFailure() throws {
    for words in [
      ["layout", "--symbols", "/absent"], ["layout", "--svg", "/absent/x"],
      ["layout", "--symbols", "/proc/self/environ"], ["decode", "phys:0"],
    ] {
      let run = try Kilburn.run(words)
      #expect(run.status == 1, "\(words): \(run)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }
}
