public import Foundation

/// Where things lie: this checkout, what was built in it, the recordings beside it.
public enum Checkout {
  public static let folder =
    ProcessInfo.processInfo.environment["KILBURN_CHECKOUT"].map { URL(filePath: $0) }
    ?? URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The built tool; `KILBURN` in the environment names another.
  public static var tool: String {
    ProcessInfo.processInfo.environment["KILBURN"]
      ?? folder.appending(path: ".build/release/kilburn").path
  }

  /// A kernel image other than the one built with the tool (`KILBURN_KERNEL`).
  public static var kernel: [String] {
    ProcessInfo.processInfo.environment["KILBURN_KERNEL"].map { ["--kernel", $0] } ?? []
  }

  /// The recordings of real Linux: beside the checkout, or where `KILBURN_RECORDINGS` says.
  public static var recordings: URL {
    ProcessInfo.processInfo.environment["KILBURN_RECORDINGS"].map { URL(filePath: $0) }
      ?? folder.deletingLastPathComponent().appending(path: "shared/linux")
  }

  /// Whether the recordings are at hand.
  public static var hasRecordings: Bool {
    FileManager.default.fileExists(
      atPath: recordings.appending(path: "probes/layout.c").path)
  }

  static var endToEndTests: URL { folder.appending(path: "Tests/EndToEndTests") }

  /// The cross compiler's C library, which the dynamic probes were recorded with.
  static func library(_ name: String) throws -> String {
    let found = try execute("/usr/bin/env", ["aarch64-linux-gnu-gcc", "-print-file-name=\(name)"])
    let path = found.output.trimmingCharacters(in: .whitespacesAndNewlines)
    guard path.hasPrefix("/") else { throw ProbeError(description: "no \(name) for arm64 here") }
    return path
  }
}
