import Foundation
import Testing

/// Programs with twice as much memory as there is RAM, private, shared and of files, find every byte
/// of it, while limits change and pages are moved about under them.
///
/// `KILBURN_LONG_TESTS=1` lets each run for 10^10 instructions.
@Suite(.serialized) struct NothingLostTests {
  /// One process, or eight that share what none of them has written.
  static let processes = [1, 8]
  static let isLong = ProcessInfo.processInfo.environment["KILBURN_LONG_TESTS"] != nil

  @Test(arguments: [Pages.all[1], Pages.all[2], Pages.all[3]], processes)
  func everyByteIsFound(pages: Pages, processes: Int) throws {
    try Self.fillAndCheck(pages, processes, [])
  }

  /// The same with a disk that works while they run.
  @Test func everyByteIsFoundOnAVirtioDisk() throws {
    try Self.fillAndCheck(Pages.all[1], 8, ["--swap-device", "virtio"])
  }

  private static func fillAndCheck(_ pages: Pages, _ processes: Int, _ options: [String]) throws {
    let program = try GuestPrograms.program("nothing-lost")
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = folder.appending(path: "text").path
    let written = folder.appending(path: "written").path
    try #require(FileManager.default.createFile(atPath: text, contents: words(8 << 20)))
    try #require(
      FileManager.default.createFile(atPath: written, contents: Data(count: 1 << 20)))
    // So little RAM is a part of one page block on 64K pages: there is nothing to compact.
    let megabytes = pages.size == "64K" ? 64 : 40
    // Eight write an eighth each of what the first has, so that there is twice that at the end.
    let own = (processes == 1 ? 2 : 1) * megabytes
    let rounds = isLong ? 0 : (pages.size == "64K" ? 200 : 800) / processes
    let words =
      ["run", "--ram", "\(megabytes)M", "--swap", "\(megabytes * 4)M"] + pages.options + options + [
        "--bind", "\(text):/text", "--bind", "\(written):/written", "--", program,
        "own=\(own << 20)", "shared=4194304", "tmpfs=4194304", "file=/text", "written=/written",
        "procs=\(processes)", "rounds=\(rounds)", "ram=\(megabytes << 20)",
        "all=\(isLong ? 1 : 0)", "seconds=\(isLong ? 14 : 0)",
      ]
    let run = try Kilburn.run(words)
    #expect(run.status == 0, "\(words): \(run)")
    #expect(
      run.output == """
        wrong 0, failed 0
        swapped out some
        swapped in some
        migrated \(pages.size == "64K" ? "none" : "some")

        """, "\(words): \(run)")
    if isLong { print("\(pages), \(processes): \(run.errors.prefix(1200))") }
    let instructions = try #require(Self.instructions(run.errors), "\(run)")
    if isLong { #expect(instructions >= 10_000_000_000) }
  }

  /// Words that are their number times a constant, as the program has it.
  private static func words(_ bytes: Int) -> Data {
    var all: [UInt8] = []
    all.reserveCapacity(bytes)
    var word: UInt64 = 0
    for _ in 0..<bytes / 8 {
      for shift in stride(from: 0, to: 64, by: 8) as StrideTo<UInt64> {
        all.append(UInt8(truncatingIfNeeded: word >> shift))
      }
      word &+= 0x9e37_79b9_7f4a_7c15
    }
    return Data(all)
  }

  /// What the report says were executed, of programs and of the kernel.
  private static func instructions(_ report: String) -> Int? {
    guard let line = report.split(separator: "\n").first(where: { $0.hasPrefix("Instructions") })
    else { return nil }
    let numbers = line.replacing(",", with: "").split(separator: " ").compactMap { Int($0) }
    return numbers.count >= 2 ? numbers[0] + numbers[1] : nil
  }
}
