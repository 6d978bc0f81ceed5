import Foundation
import ProbeComparison
import Testing

/// The kernel with KASAN: silent where nothing is wrong, and right about what is.
@Suite(.serialized) struct SanitizerTests {
  static let image = Kilburn.checkout.appending(path: ".build/kernel-kasan/kernel-kasan.img").path
  static let seeded = Kilburn.checkout.appending(path: ".build/kernel-seeds/kernel-seeds.img").path

  static func run(_ image: String, _ pages: Pages, _ words: [String]) throws -> Kilburn.Result {
    try Kilburn.run(
      ["run", "--kasan", "--show", "dmesg", "--kernel", image] + pages.options + words)
  }

  /// Ordinary programs make the kernel do nothing that it should not.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: image)),
    arguments: [
      ("memory", 0), ("growth", 3), ("copies", 0),
    ] as [(String, Int32)], Pages.all)
  func isSilentUnderPrograms(program: (name: String, status: Int32), pages: Pages) throws {
    let run = try Self.run(
      Self.image, pages, ["--", try GuestPrograms.program(program.name)])
    #expect(!run.errors.contains("KASAN"), "\(run.errors)")
    #expect(run.status == program.status, "\(run.errors)")
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

  @Test(.enabled(if: FileManager.default.fileExists(atPath: seeded)), arguments: Pages.all)
  func faultsOfItsOwnCodeAreFoundAndNamed(pages: Pages) throws {
    let run = try Self.run(
      Self.seeded, pages, ["--", try GuestPrograms.program("memory")])
    let log = run.errors
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
}
