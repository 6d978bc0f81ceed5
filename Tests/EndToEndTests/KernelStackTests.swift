import Foundation
import Testing

/// Kernel stacks on the machine: what they come to, that they come back, and what ends there.
@Suite struct KernelStackTests {
  /// Numbers by name of the line that begins with a word.
  static func figures(_ output: String, _ when: String) -> [String: Int] {
    let line = output.split(separator: "\n").first { $0.hasPrefix(when + ":") } ?? ""
    let words = line.split(separator: " ").dropFirst().map(String.init)
    var figures: [String: Int] = [:]
    for index in stride(from: 0, to: words.count - 1, by: 2) {
      figures[words[index]] = Int(words[index + 1])
    }
    return figures
  }

  @Test(arguments: Pages.all)
  func meminfoIsTheSumOfWhatItStandsFor(pages: Pages) throws {
    let run = try Kilburn.run(
      ["run", "--ram", "2G"] + pages.options
        + ["--", try GuestPrograms.program("kernel-stacks")])
    #expect(run.status == 0, "\(run.errors)")
    let size = pages.size == "64K" ? 64 : 16
    for when in ["before", "during", "after"] {
      let figures = Self.figures(run.output, when)
      let tasks = try #require(figures["tasks"], "\(run.output)")
      #expect(tasks == (when == "during" ? 1002 : 2))
      #expect(figures["KernelStack"] == tasks * size, "\(run.output)")
      #expect(figures["VmallocUsed"] == figures["vmallocinfo"], "\(run.output)")
      // Two are kept of those that ended.
      let stacks = try #require(figures["stacks"])
      #expect(stacks == (when == "after" ? tasks + 2 : tasks), "\(run.output)")
    }
    #expect(run.errors.contains("All frames returned"), "\(run.errors)")
  }

  /// The stack that a module uses up is that of the task which loads it, and ends at a guard page.
  ///
  /// The report's text is the affair of ``OopsTests``.
  @Test(arguments: Pages.all)
  func anOverflowMeetsTheGuardPage(pages: Pages) throws {
    let (status, text) = try OopsTests.crash("EXHAUST_STACK", options: pages.options)
    #expect(status == 125 && text.contains("Kernel panic - not syncing: kernel stack overflow"))
    func address(_ text: Substring) throws -> UInt64 { try #require(UInt64(text, radix: 16)) }
    let range = try #require(
      text.firstMatch(of: #/Task stack: +\[0x([0-9a-f]+)\.\.0x([0-9a-f]+)\]/#), "\(text)")
    let low = try address(range.output.1)
    let high = try address(range.output.2)
    let fault = try #require(text.firstMatch(of: #/FAR: 0x([0-9a-f]+)/#))
    let size: UInt64 = pages.size == "64K" ? 65536 : 16384
    #expect(high - low == size && low % (2 * size) == 0, "\(text)")
    let place = try address(fault.output.1)
    #expect(place < low && low - place <= 4096, "\(text)")
  }

  /// Areas are told with the functions that asked for them, as `%pS` has them.
  @Test(arguments: Pages.all)
  func vmallocinfoNamesCallers(pages: Pages) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let module = folder.appending(path: "vmalloc_use.ko").path
    let built = try Kilburn.execute(
      Kilburn.checkout.appending(path: "Scripts/build-module").path,
      [Kilburn.checkout.appending(path: "Modules/tests/vmalloc_use.c").path, module])
    try #require(built.status == 0, "\(built.errors)")
    let run = try Kilburn.run(
      ["run", "--module", module, "--show", "vmallocinfo,log"] + pages.options
        + ["--", try GuestPrograms.program("memory")])
    let shift = ["4K": 12, "16K": 14, "64K": 16][pages.size] ?? 12
    for (count, text) in [
      (6, #"takeOwn\+0x[0-9a-f]+/0x[0-9a-f]+ \[vmalloc_use\] pages=5 vmalloc"#),
      (3, #"takeForUsers\+0x[0-9a-f]+/0x[0-9a-f]+ \[vmalloc_use\] pages=2 vmalloc user"#),
      (4, #"map\+0x[0-9a-f]+/0x[0-9a-f]+ \[vmalloc_use\] vmap"#),
    ] {
      let line = try Regex("0x[0-9a-f]{16}-0x[0-9a-f]{16} +\(count << shift) \(text)\n")
      #expect((run.errors + run.output).contains(line), "no \(text): \(run.errors)")
    }
    #expect(run.errors.contains("given, still there: 17"))
    #expect(!run.errors.contains("giveLater+"))
    #expect(run.errors.contains("All frames returned"), "\(run.errors)")
  }
}
