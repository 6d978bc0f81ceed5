import ArgumentParser
import Foundation

/// CPU time of `kilburn tables` on the whole tree of a big 48-bit kernel: 64G of RAM mapped page by
/// page, as with `rodata=full`, and attributes that change every 64 pages.
struct Tables: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "CPU time of the tables of a kernel with 64G in pages (16 million entries).")

  @Option(help: "Runs; the least counts.")
  var runs = 3

  static let base: UInt64 = 0x4000_0000

  mutating func run() throws {
    let folder = Guest.checkout.appending(path: ".build/benchmarks")
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true)
    let image = folder.appending(path: "tables.ram")
    try Self.image().write(to: image)
    let tool = Guest.checkout.appending(path: ".build/release/kilburn").path
    let command =
      "'\(tool)' tables --dump '\(image.path)' --base 0x40000000 --ttbr1 0x40000000 --page-size 4K"
    for (name, more) in [("tables", ""), ("tables --json", " --json")] {
      let seconds = try (0..<max(1, runs)).map { _ in
        try Measured("/bin/sh", ["-c", "\(command)\(more) > /dev/null"]).processorSeconds
      }.min()
      print(name, String(format: "%.2f s of CPU", seconds ?? 0))
    }
    try FileManager.default.removeItem(at: image)
  }

  /// The root, one PUD table, 64 PMD tables, 32,768 PTE tables.
  private static func image() -> Data {
    let gigabytes = 64
    let first = 2 + gigabytes
    var words = [UInt64](repeating: 0, count: (first + gigabytes * 512) * 512)
    func table(_ frame: Int) -> UInt64 { (base + UInt64(frame) << 12) | 3 }
    words[0] = table(1)
    for index in 0..<gigabytes {
      words[512 + index] = table(2 + index)
      for pmd in 0..<512 { words[(2 + index) * 512 + pmd] = table(first + index * 512 + pmd) }
    }
    for page in 0..<gigabytes << 18 {
      let readOnly: UInt64 = page & 64 == 0 ? 0 : 0x80
      words[first * 512 + page] = 0x0068_0000_0000_0703 | readOnly | UInt64(page) << 12
    }
    return unsafe words.withUnsafeBytes { unsafe Data($0) }
  }
}
