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
    try compile(
      source: folder.appending(path: "probes/\(probe == "layout-pie" ? "layout" : probe).c"),
      name: probe,
      flags: ["-O1", "-w", "-fno-builtin", "-pthread"]
        + [probe == "layout-pie" ? "-static-pie" : "-static"])
  }

  /// A program that copies a guest file to its standard output.
  static func cat() throws -> String {
    let source = built.appending(path: "show.c")
    try FileManager.default.createDirectory(at: built, withIntermediateDirectories: true)
    try """
    #include <fcntl.h>
    #include <unistd.h>
    int main(int c, char **v) { static char b[65536]; int fd = open(v[1], O_RDONLY); long n;
      while ((n = read(fd, b, sizeof b)) > 0) write(1, b, n); return n < 0; }
    """.write(to: source, atomically: true, encoding: .utf8)
    return try compile(source: source, name: "show", flags: ["-O1", "-static"])
  }

  private static let built = Kilburn.checkout.appending(path: ".build/probes")

  private static func compile(source: URL, name: String, flags: [String]) throws -> String {
    try FileManager.default.createDirectory(at: built, withIntermediateDirectories: true)
    let program = built.appending(path: name).path
    let compiler = try Kilburn.execute(
      "/usr/bin/env", ["aarch64-linux-gnu-gcc"] + flags + ["-o", program, source.path])
    #expect(compiler.status == 0, "\(compiler.errors)")
    return program
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
