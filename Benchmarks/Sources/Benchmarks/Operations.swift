import ArgumentParser
import Foundation

/// Instructions per operation, user and kernel together, beside Linux's.
///
/// Each figure is (ticks(2N) - ticks(N)) · 16 / N: with `-icount shift=0` an instruction is a
/// nanosecond and a tick of the 62.5 MHz counter is 16 of them. Exact and repeatable.
struct Operations: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Instructions per operation on 4K, 16K and 64K pages; fails where one exceeds Linux.")

  @Argument(help: "The kinds to measure (default: all that Linux was recorded on).")
  var kinds: [String] = []

  @Option(help: "The page sizes to measure.")
  var pageSizes = "4K,16K,64K"

  static let instructionsPerTick = 16.0

  /// How many operations a run makes: enough that the timer's grain is below a per mille.
  static let counts: [String: Int] = [
    "getppid": 10000, "touch": 4000, "touchgroup": 4000, "touchlimit": 4000, "readzero": 4000,
    "zerowrite": 4000, "touchfree": 4000,
    "munmap64k": 1, "fault60k": 2000, "mprotect1024": 10, "mremap1": 200, "mremap1024": 20,
    "dontneed1024": 10, "fileread": 10, "filecow": 10, "mincore1024": 20, "exec": 50,
    "mlock1024": 10, "mremapmove1024": 20, "filefault": 10, "fileshared": 10,
    "fault60keach": 2000, "cow": 4000, "fork1024": 20, "fork25600": 4, "vfork": 200, "thread": 200,
  ]

  mutating func run() throws {
    let program = try Guest.build("operations")
    let linux = try LinuxFigures("operations.tsv")
    let sizes = pageSizes.split(separator: ",").map(String.init)
    let kinds = kinds.isEmpty ? linux.kinds : kinds
    var table = ComparisonTable(linux, sizes: sizes, width: 14)
    for kind in kinds {
      try table.row(kind) { try Self.measure(program, kind, Self.counts[kind] ?? 1000, $0) }
    }
    try table.finish()
  }

  static func measure(_ program: String, _ kind: String, _ count: Int, _ size: String) throws
    -> Double
  {
    let once = try Guest.ticks(program, kind, count, size)
    let twice = try Guest.ticks(program, kind, 2 * count, size)
    return Double(twice.ticks - once.ticks) * instructionsPerTick
      / Double(twice.operations - once.operations)
  }
}
