import Foundation
import Testing

/// Programs for the guest, built or fetched once.
enum GuestPrograms {
  static let built = Kilburn.checkout.appending(path: ".build/programs")

  /// One of the programs beside this file.
  static func program(_ name: String) throws -> String {
    try compile(
      URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs/\(name).c"),
      name, ["-O1", "-static", "-w"])
  }

  /// Compiles for arm64, unless what is there is newer than its source.
  static func compile(_ source: URL, _ name: String, _ flags: [String]) throws -> String {
    try FileManager.default.createDirectory(at: built, withIntermediateDirectories: true)
    let program = built.appending(path: name)
    func modified(_ file: URL) -> Date? {
      try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
    }
    if let made = modified(program), let written = modified(source), made > written {
      return program.path
    }
    // Tests run beside each other: each writes its own file and moves it into place.
    let own = built.appending(path: "\(name).\(UUID())")
    let compiler = try Kilburn.execute(
      "/usr/bin/env", ["aarch64-linux-gnu-gcc"] + flags + ["-o", own.path, source.path])
    try #require(compiler.status == 0, "\(compiler.errors)")
    try #require(unsafe rename(own.path, program.path) == 0)
    return program.path
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
