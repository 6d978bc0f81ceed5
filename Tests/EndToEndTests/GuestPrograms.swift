import Foundation
import ProbeComparison
import Testing

/// Programs for the guest, built or fetched once.
enum GuestPrograms {
  /// One of the programs beside this file.
  static func program(_ name: String) throws -> String {
    try compile(
      URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs/\(name).c"),
      name, ["-O1", "-static", "-w"])
  }

  /// Compiles for arm64, once.
  static func compile(_ source: URL, _ name: String, _ flags: [String]) throws -> String {
    try GuestCompiler.compile(source, name, flags)
  }

  /// Debian's static busybox for arm64, fetched by `make`.
  static func busybox() throws -> String {
    let path = Kilburn.checkout.appending(path: ".build/debian/bin/busybox").path
    try #require(
      FileManager.default.fileExists(atPath: path), "run `make busybox` first: \(path) is missing")
    return path
  }

  /// A fresh folder of the host, for files that the guest sees under the same path.
  static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "kilburn-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }
}
