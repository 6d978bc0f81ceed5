import Foundation
import ProbeComparison
import Testing

/// Programs for the guest, built or fetched once.
enum GuestPrograms {
  /// The sources of the programs beside this file.
  static let sources = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Programs")

  /// One of them, compiled.
  static func program(_ name: String) throws -> String {
    try compile(sources.appending(path: "\(name).c"), name, ["-O1", "-static", "-w"])
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
