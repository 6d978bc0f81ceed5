import Foundation
import Testing

/// The kernel half beside the one that a real Linux 6.1 printed on the same board with 512M, region
/// by region.
@Suite struct KernelTableTests {
  /// A page size, and how the linear map is made.
  struct Variant: CustomStringConvertible, Sendable {
    var pages: Pages
    var isByPages: Bool
    var description: String { "\(pages)\(isByPages ? " rodata=full" : "")" }

    static let all = Pages.all.filter { $0.bits != "39" }.flatMap {
      [Variant(pages: $0, isByPages: false), Variant(pages: $0, isByPages: true)]
    }

    var recorded: KernelTableDump {
      get throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
          path: "KernelTables/\(pages.size)\(isByPages ? ".rodata-full" : "").txt")
        return KernelTableDump(try String(contentsOf: file, encoding: .utf8))
      }
    }

    var ours: KernelTableDump {
      get throws {
        let run = try Kilburn.run(
          ["run", "--show", "kernel_page_tables", "--ram", "512M"]
            + (isByPages ? ["--rodata", "full"] : []) + pages.options
            + ["--", try GuestPrograms.program("memory")])
        #expect(run.status == 0, "\(run.errors)")
        return KernelTableDump(run.errors)
      }
    }
  }

  @Test(arguments: Variant.all)
  func theRegionsAreLinuxs(variant: Variant) throws {
    let linux = try variant.recorded
    let ours = try variant.ours
    #expect(linux.markers.count == 12)
    #expect(ours.bounds == linux.bounds)

    // What does not hang on the image is the same, range by range. With 16K pages a table's worth is
    // 32M: what lies before the fixmap there is not empty here, where devices are in the fixmap.
    for name in [
      "Modules start", "Fixmap end", "PCI I/O start", "PCI I/O end", "vmemmap start", "vmemmap end",
    ] {
      #expect(!linux[name].isEmpty)
      #expect(ours[name] == linux[name], "\(name)")
    }

    // The linear map: the same blocks and runs up to the image and from 32M to the end of RAM.
    let start = try #require(linux["Linear Mapping start"].first?.start)
    let page = UInt64(variant.pages.size.dropLast())! << 10
    for address in stride(from: start, to: start + 0x21_0000, by: Int(page)) {
      #expect(ours.said(of: address) == linux.said(of: address), "\(address)")
    }
    for address in stride(from: start + (32 << 20), to: start + (512 << 20), by: 1 << 20) {
      #expect(ours.said(of: address) == linux.said(of: address), "\(address)")
    }

    // What hangs on the image has Linux's attributes, and no others.
    func kinds(_ dump: KernelTableDump, _ name: String) -> Set<String> {
      Set(dump[name].compactMap(\.attributes))
    }
    #expect(kinds(ours, "Linear Mapping start") == kinds(linux, "Linear Mapping start"))
    #expect(kinds(ours, "vmalloc() area").isSubset(of: kinds(linux, "vmalloc() area")))
    // Text, constants, a gap that the start-up code was in, variables, in this order; kernel stacks
    // may lie before.
    let sections = ours["vmalloc() area"].compactMap(\.attributes).drop {
      !$0.hasPrefix("ro x")
    }
    #expect(
      Array(sections.prefix(3)) == [
        "ro x SHD AF UXN MEM/NORMAL", "ro NX SHD AF UXN MEM/NORMAL", "RW NX SHD AF UXN MEM/NORMAL",
      ])
    let executable = ours.regions.values.joined().filter { $0.attributes?.contains(" x ") == true }
    #expect(executable.count == 1)

    // The device tree, read-only, where Linux has it.
    func tree(_ dump: KernelTableDump) -> KernelTableDump.Range? {
      dump["Fixmap start"].first { $0.said.hasSuffix("MEM/NORMAL") }
    }
    #expect(tree(ours)?.start == tree(linux)?.start)
    #expect(tree(ours)?.said == tree(linux)?.said)
  }
}
