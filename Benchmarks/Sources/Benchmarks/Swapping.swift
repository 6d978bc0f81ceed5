import ArgumentParser
import Foundation

/// Instructions of a page's way to a disk of compressed pages and back, beside Linux's.
///
/// Measured as ``Operations`` are: (ticks(2N) - ticks(N)) · 16, for each page that was swapped.
struct Swapping: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swapping",
    abstract: "Instructions of a page that is swapped; fails where one exceeds Linux.")

  @Argument(help: "The kinds to measure (default: all that Linux was recorded on).")
  var kinds: [String] = []

  @Option(help: "The page sizes to measure.")
  var pageSizes = "4K,16K,64K"

  @Option(help: "The format of the disk: lzo-rle, as on the recorded Linux, lzo or lz4.")
  var format = "lzo-rle"

  /// As much as the largest kind fills on 64K pages.
  private static let disk = ["4K": "256M", "16K": "512M", "64K": "1G"]

  mutating func run() throws {
    let program = try Guest.build("swapping")
    let linux = try LinuxFigures("swapping.tsv")
    let sizes = pageSizes.split(separator: ",").map(String.init)
    var table = ComparisonTable(linux, sizes: sizes, width: 14)
    for kind in kinds.isEmpty ? linux.kinds : kinds {
      // Passes over 4,096 pages, or pages.
      let count = kind == "word" || kind == "random" ? 2 : 4096
      let format = format
      try table.row(kind) { size in
        let words = ["--zram", "\(Self.disk[size] ?? "256M"):\(format)"]
        let once = try Guest.ticks(program, kind, count, size, options: words)
        let twice = try Guest.ticks(program, kind, 2 * count, size, options: words)
        return Double(twice.ticks - once.ticks) * Operations.instructionsPerTick
          / Double(twice.operations - once.operations)
      }
    }
    try table.finish()
  }
}
