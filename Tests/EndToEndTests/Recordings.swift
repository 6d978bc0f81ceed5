import Foundation
import Testing

/// The recordings of real Linux beside the checkout, where they are.
enum Recordings {
  static let folder = Kilburn.checkout.deletingLastPathComponent()
    .appending(path: "shared/linux")

  static var standHere: Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "probes/layout.c").path)
  }

  static func machine(_ variant: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Machines/\(variant).yaml").path
  }

  static func lines(_ probe: String, _ variant: String) throws -> [String] {
    try String(
      contentsOf: folder.appending(path: "probes/\(probe).\(variant).txt"), encoding: .utf8
    ).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// Builds a probe once, with the flags of the recordings' own build.
  static func build(_ probe: String) throws -> String {
    try GuestPrograms.compile(
      folder.appending(path: "probes/\(probe == "layout-pie" ? "layout" : probe).c"), probe,
      ["-O1", "-w", "-fno-builtin", "-pthread"]
        + [probe == "layout-pie" ? "-static-pie" : "-static"])
  }

  /// A line without what differs by nature: the device and inode of a mapped file, and with them
  /// the width of the columns.
  static func comparable(_ line: String) -> String {
    guard
      let match = line.firstMatch(
        of: #/^(?<map>[0-9a-f]+-[0-9a-f]+ [-r][-w][-x][ps] [0-9a-f]+) \S+ \d+ +(?<path>\/.*)$/#)
    else { return line }
    return "\(match.map) \(match.path)"
  }
}
