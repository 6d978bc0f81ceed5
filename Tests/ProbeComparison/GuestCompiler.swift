public import Foundation

/// Compiles programs for the guest, each once.
public enum GuestCompiler {
  public static let built = Checkout.folder.appending(path: ".build/programs")

  /// Compiles for arm64, unless what is there is newer than its source and the headers beside that.
  public static func compile(_ source: URL, _ name: String, _ flags: [String]) throws -> String {
    let program = built.appending(path: name)
    let folder = source.deletingLastPathComponent()
    try FileManager.default.createDirectory(
      at: program.deletingLastPathComponent(), withIntermediateDirectories: true)
    func modified(_ file: URL) -> Date? {
      try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
    }
    let headers = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".h") }.map { folder.appending(path: $0) }
    let written = ([source] + headers).compactMap(modified).max()
    if let made = modified(program), let written, made > written { return program.path }
    // Tests run beside each other: each writes its own file and moves it into place.
    let own = built.appending(path: "\(name).\(UUID())")
    let compiler = try execute(
      "/usr/bin/env", ["aarch64-linux-gnu-gcc"] + flags + ["-o", own.path, source.path])
    guard compiler.status == 0 else { throw ProbeError(description: compiler.errors) }
    guard unsafe rename(own.path, program.path) == 0 else {
      throw ProbeError(description: "\(program.path) cannot be written")
    }
    return program.path
  }
}
