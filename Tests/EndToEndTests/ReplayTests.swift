import Foundation
import Testing

/// What `run --record` keeps is played again by `replay`, to the same counts.
@Suite struct ReplayTests {
  @Test(arguments: Pages.all)
  func aRecordedRunIsReplayedToTheSameCounts(pages: Pages) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let trace = folder.appending(path: "memory.trace").path
    let program = try GuestPrograms.program("memory")
    let run = try Kilburn.run(
      ["run", "--observe", "--record", trace] + pages.options + ["--", program])
    let replay = try Kilburn.run(["replay", trace])
    #expect(run.status == 0 && replay.status == 0, "\(run) \(replay)")
    var rows = 0
    for row in ["program loads", "program stores", "kernel loads", "kernel stores"] {
      // Accesses, TLB misses, second TLB, walks; first, second and last level, memory.
      let seen = Self.numbers(of: row, in: run.errors)
      guard seen.count == 8 else { continue }
      #expect(
        Self.numbers(of: row, in: replay.output) == [seen[0]] + seen[4...] + seen[1...3], "\(row)")
      rows += 1
    }
    #expect(rows == 4, "\(run.errors)")
  }

  /// The numbers of the first line that begins with these words.
  private static func numbers(of row: String, in text: String) -> [Int] {
    text.split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }
      .first { $0.hasPrefix(row + " ") }
      .map { line in
        line.dropFirst(row.count).split(separator: " ").compactMap {
          Int($0.filter { $0 != "," })
        }
      } ?? []
  }
}
