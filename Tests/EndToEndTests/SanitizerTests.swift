import Foundation
import ProbeComparison
import Testing

/// The kernel with KASAN: silent where nothing is wrong, and right about what is.
@Suite(.serialized) struct SanitizerTests {
  static let image = Kilburn.checkout.appending(path: ".build/kernel-kasan/kernel-kasan.img").path
  static var isBuilt: Bool { FileManager.default.fileExists(atPath: image) }

  static func run(_ pages: Pages, _ words: [String]) throws -> Kilburn.Result {
    try Kilburn.run(
      ["run", "--kasan", "--show", "dmesg", "--kernel", image] + pages.options + words)
  }

  /// Ordinary programs make the kernel do nothing that it should not.
  @Test(
    .enabled(if: isBuilt),
    arguments: [
      ("memory", 0), ("growth", 3), ("copies", 0),
    ] as [(String, Int32)], Pages.all)
  func isSilentUnderPrograms(program: (name: String, status: Int32), pages: Pages) throws {
    let run = try Self.run(pages, ["--", try GuestPrograms.program(program.name)])
    #expect(!run.errors.contains("KASAN"), "\(run.errors)")
    #expect(run.status == program.status, "\(run.errors)")
  }

  /// What probes print is the same, and nothing is reported: a choice of them, or with
  /// `KILBURN_LONG_TESTS` set all of the project's own on every recorded machine.
  static let probes: [(Probe, Variant)] = {
    if ProcessInfo.processInfo.environment["KILBURN_LONG_TESTS"] != nil {
      // This one reads the heap's size three times; freed objects wait, so it grows with each.
      let all = Probe.own.filter { $0.name != "proc-identities" }
      return Variant.all.flatMap { variant in all.map { ($0, variant) } }
    }
    let names: Set = [
      "families", "file-sockets", "futex-outcomes", "jobs", "memfd", "mempolicy", "proc-pagemap",
      "process-vm", "signal-queues", "sysv-messages", "threads",
    ]
    let other: Set = ["file-rights", "proc-family", "shm"]
    return Probe.own.filter { names.contains($0.name) }.map { ($0, Variant.all[0]) }
      + Probe.own.filter { other.contains($0.name) }.flatMap {
        [($0, Variant.all[2]), ($0, Variant.all[3])]
      }
  }()

  @Test(.enabled(if: isBuilt), arguments: probes)
  func probesPrintTheSame(probe: Probe, variant: Variant) throws {
    let run = try probe.outputs(variant, sanitized: Self.image)
    #expect(!run.log.contains("KASAN"), "\(run.log)")
    #expect(run.checked == run.plain && !run.plain.isEmpty)
  }

  /// What a fault that was seeded into the kernel's own Swift is called.
  static let seeds: [(name: String, bug: String, access: String)] = [
    ("use_after_free_through_kernel_pointer", "use-after-free", "Read of size 8"),
    ("write_after_free_through_kernel_pointer", "use-after-free", "Write of size 8"),
    ("off_by_one_past_an_object", "slab-out-of-bounds", "Write of size 8"),
    ("one_byte_before_a_buffer", "slab-out-of-bounds", "Read of size 1"),
    ("buffer_one_byte_short", "slab-out-of-bounds", "Write of size 1"),
    ("alias_of_a_freed_page", "use-after-free", "Read of size 8"),
    ("double_free_of_an_object", "double-free", "Free of addr"),
    ("copy_past_an_object", "slab-out-of-bounds", "Read of size 104"),
    ("behind_vmalloc_memory", "vmalloc-out-of-bounds", "Read of size 1"),
    ("past_an_array_on_the_stack", "stack-out-of-bounds", "Write of size 1"),
  ]

  @Test(.enabled(if: isBuilt), arguments: Pages.all)
  func faultsOfItsOwnCodeAreFoundAndNamed(pages: Pages) throws {
    let log = try SanitizerCases(modules: ["swift"], image: Self.image, pages: pages).log
    for seed in Self.seeds {
      let begin = try #require(log.range(of: "seed \(seed.name) faulty"), "\(log)")
      let end = try #require(
        log.range(of: "seed \(seed.name) reported\n", range: begin.upperBound..<log.endIndex),
        "\(seed.name) was not reported once: \(log[begin.lowerBound...].prefix(2000))")
      let report = log[begin.upperBound..<end.lowerBound]
      #expect(report.contains("BUG: KASAN: \(seed.bug) in "), "\(seed.name): \(report)")
      #expect(report.contains(seed.access), "\(seed.name): \(report)")
      let twin = try #require(log.range(of: "seed \(seed.name) twin\n"))
      #expect(
        log[twin.upperBound...].contains("seed \(seed.name) silent\n"),
        "the correct twin of \(seed.name) was reported")
    }
  }

  /// Cases of modules: bug, access and shadow byte are those that Linux reported, on every page size;
  /// on the recorded kernel's pages the whole report is, but where the table says why not.
  @Test(.enabled(if: isBuilt), arguments: Pages.all.dropFirst())
  func faultsOfModulesAreFoundAndNamed(pages: Pages) throws {
    let run = try SanitizerCases(
      modules: SanitizerCases.modules, image: Self.image, pages: pages)
    for (name, reports) in run.twins {
      #expect(reports.isEmpty, "the correct twin of \(name) was reported: \(reports)")
    }
    #expect(run.faulty.count == run.twins.count)
    for recorded in try RecordedCase.all() {
      guard case .reports(let expected) = recorded.outcome else { continue }
      let found = try #require(run.faulty[recorded.name], "\(recorded.name) was not run")
      #expect(
        found.map { [$0.bug, $0.access, $0.shadow] }
          == expected.map { [$0.bug, $0.access, $0.shadow] }, "\(recorded.name): \(found)")
      guard pages.size == "4K" else { continue }
      if SanitizerCases.differences[recorded.name] == nil {
        #expect(found == expected, "\(recorded.name)")
      } else {
        #expect(found != expected, "\(recorded.name) no longer differs")
      }
    }
    for (name, expected) in SanitizerCases.own {
      let found = try #require(run.faulty[name], "\(name) was not run")
      #expect(found.map(\.bug) == expected.map(\.bug), "\(name): \(found)")
      if pages.size == "4K" {
        #expect(found.map(\.access) == expected.map(\.access), "\(name): \(found)")
      }
    }
    #expect(
      run.log.matches(of: #/Buffer overflow detected \(120 < 121\)!/#).count == 2,
      "copies whose size the compiler knows are not made")
    if pages.size == "4K" { try compareTable(run) }
  }

  /// The page with both sides is what this run gives.
  private func compareTable(_ run: SanitizerCases) throws {
    let table = try SanitizerTable.text(run)
    let file = Kilburn.checkout.appending(path: "Documentation/KASAN.md")
    if ProcessInfo.processInfo.environment["KILBURN_WRITE_TABLES"] != nil {
      try table.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(
      try String(contentsOf: file, encoding: .utf8) == table,
      "KILBURN_WRITE_TABLES=1 writes Documentation/KASAN.md anew")
  }
}
