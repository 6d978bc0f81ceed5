import Testing

/// The kernel half beside the one that a real Linux 6.1 printed on the same board with 512M
/// (`/sys/kernel/debug/kernel_page_tables`): where regions begin and end, and what is in those that
/// do not hang on the image.
@Suite struct KernelTableTests {
  /// From the end of vmalloc on; the fixmap's own lines left out, whose slots are each kernel's own.
  static func recorded(_ pages: Pages) -> [String] {
    switch pages.size {
    case "4K":
      [
        "---[ PCI I/O start ]---",
        "0xfffffbfffe800000-0xfffffbfffe810000 64K PTE RW NX SHD AF UXN DEVICE/nGnRE",
        "0xfffffbfffe810000-0xfffffbfffea00000 1984K PTE",
        "0xfffffbfffea00000-0xfffffbffff800000 14M PMD",
        "---[ PCI I/O end ]---",
        "0xfffffbffff800000-0xfffffc0000000000 8M PMD",
        "---[ vmemmap start ]---",
        "0xfffffc0000000000-0xfffffc0000800000 8M PMD RW NX SHD AF BLK UXN MEM/NORMAL",
        "0xfffffc0000800000-0xfffffc0040000000 1016M PMD",
        "0xfffffc0040000000-0xfffffc8000000000 511G PUD",
        "0xfffffc8000000000-0xfffffe0000000000 1536G PGD",
        "---[ vmemmap end ]---",
      ]
    case "16K":
      [
        "---[ PCI I/O start ]---",
        "0xffffff7ffe800000-0xffffff7ffe810000 64K PTE RW NX SHD AF UXN DEVICE/nGnRE",
        "0xffffff7ffe810000-0xffffff7fff800000 16320K PTE",
        "---[ PCI I/O end ]---",
        "0xffffff7fff800000-0xffffff8000000000 8M PTE",
        "---[ vmemmap start ]---",
        "0xffffff8000000000-0xffffff8000200000 2M PTE RW NX SHD AF UXN MEM/NORMAL",
        "0xffffff8000200000-0xffffff8002000000 30M PTE",
        "0xffffff8002000000-0xffffff9000000000 65504M PMD",
        "0xffffff9000000000-0xffffffc000000000 192G PGD",
        "---[ vmemmap end ]---",
      ]
    default:
      [
        "---[ PCI I/O start ]---",
        "0xfffffffefe800000-0xfffffffefe810000 64K PTE RW NX SHD AF UXN DEVICE/nGnRE",
        "0xfffffffefe810000-0xfffffffeff800000 16320K PTE",
        "---[ PCI I/O end ]---",
        "0xfffffffeff800000-0xffffffff00000000 8M PTE",
        "---[ vmemmap start ]---",
        "0xffffffff00000000-0xffffffff00080000 512K PTE RW NX SHD AF UXN MEM/NORMAL",
        "0xffffffff00080000-0xffffffff20000000 523776K PTE",
        "0xffffffff20000000-0xffffffff80000000 1536M PGD",
        "---[ vmemmap end ]---",
      ]
    }
  }

  @Test(arguments: Pages.all.filter { $0.bits != "39" })
  func theRegionsAreLinuxs(pages: Pages) throws {
    let run = try Kilburn.run(
      ["run", "--show", "kernel_page_tables", "--ram", "512M"] + pages.options
        + ["--", try GuestPrograms.program("memory")])
    #expect(run.status == 0)
    let lines = run.errors.split(separator: "\n").map {
      $0.split(separator: " ").joined(separator: " ")
    }
    let start = try #require(lines.firstIndex(of: "---[ PCI I/O start ]---"))
    let end = try #require(lines.firstIndex(of: "---[ vmemmap end ]---"))
    #expect(Array(lines[start...end]) == Self.recorded(pages))

    // What hangs on the image has Linux's attributes, and no others.
    let linear = try #require(lines.firstIndex(of: "---[ Linear Mapping start ]---"))
    let modules = try #require(lines.firstIndex(of: "---[ Modules start ]---"))
    let fixmap = try #require(lines.firstIndex(of: "---[ Fixmap start ]---"))
    let area = try #require(lines.firstIndex(of: "---[ vmalloc() area ]---"))
    func kinds(_ range: Range<Int>) -> Set<String> {
      Set(
        lines[range].filter { $0.contains("SHD") }.map {
          $0.split(separator: " ").dropFirst(3).filter { $0 != "CON" && $0 != "BLK" }
            .joined(separator: " ")
        })
    }
    #expect(
      kinds(linear..<modules) == [
        "RW NX SHD AF UXN MEM/NORMAL-TAGGED", "ro NX SHD AF UXN MEM/NORMAL",
      ])
    #expect(
      kinds(area..<fixmap).isSubset(of: [
        "ro x SHD AF UXN MEM/NORMAL", "ro NX SHD AF UXN MEM/NORMAL", "RW NX SHD AF UXN MEM/NORMAL",
        "RW NX SHD AF UXN DEVICE/nGnRE",
      ]))
    // The device tree, read-only, where Linux has it.
    #expect(
      lines[fixmap..<start].contains { $0.contains("dc00000-") && $0.hasSuffix("MEM/NORMAL") })
  }
}
