import ArgumentParser
import Foundation

/// Instructions of a page's way to a disk of compressed pages and back, and of taking a clean page,
/// beside Linux's.
///
/// Measured as ``Operations`` are: (ticks(2N) - ticks(N)) · 16, for each page that went.
struct Swapping: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swapping",
    abstract: "Instructions of a page that is taken away; fails where one exceeds Linux.")

  @Argument(help: "The kinds to measure (default: all that Linux was recorded on).")
  var kinds: [String] = []

  @Option(help: "The page sizes to measure.")
  var pageSizes = "4K,16K,64K"

  @Option(help: "The format of the disk: lzo-rle, as on the recorded Linux, lzo or lz4.")
  var format = "lzo-rle"

  @Option(help: "How many other memory groups there are, each with a page of its own.")
  var groups = 0

  /// As much as the largest kind fills on 64K pages.
  private static let disk = ["4K": "256M", "16K": "512M", "64K": "1G"]

  mutating func run() throws {
    let program = try Guest.build("swapping")
    let linux = try LinuxFigures("swapping.tsv")
    let sizes = pageSizes.split(separator: ",").map(String.init)
    var table = ComparisonTable(linux, sizes: sizes, width: 14)
    let data = try Self.data()
    for kind in kinds.isEmpty ? linux.kinds : kinds {
      // Passes over 4,096 pages, or pages.
      let count = ["word": 2, "random": 2, "reclaimclean": 2048, "dropcaches": 2048][kind] ?? 4096
      let format = format
      let others = groups > 0 ? ["\(groups)"] : []
      try table.row(kind) { size in
        let words = ["--zram", "\(Self.disk[size] ?? "256M"):\(format)", "--bind", "\(data):/data"]
        let once = try Guest.ticks(program, kind, count, size, options: words, others)
        let twice = try Guest.ticks(program, kind, 2 * count, size, options: words, others)
        return Double(twice.ticks - once.ticks) * Operations.instructionsPerTick
          / Double(twice.operations - once.operations)
      }
    }
    try table.finish()
  }

  /// A file of as many bytes as the largest kind reads; a hole, so that it costs nothing.
  private static func data() throws -> String {
    let path = Guest.checkout.appending(path: ".build/benchmarks/data").path
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    try file.truncate(atOffset: 4096 * 65536)
    try file.close()
    return path
  }
}
