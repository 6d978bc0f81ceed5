import Foundation
import Testing

/// However a run ends, a folder of `--bind …:rw` becomes what the guest left of it, and nothing
/// outside of it is touched.
@Suite(.serialized) struct BoundFolderTests {
  /// How the program, or the tool, ends; and the tool's status.
  static let endings: [(how: String, words: [String], signal: Int32?, status: Int32)] = [
    ("exit", [], nil, 7), ("child", [], nil, 7), ("signal", [], nil, 143),
    ("memory", ["--ram", "128M"], nil, 137),
    ("spin", ["--timeout", "3"], nil, 125), ("wait", ["--timeout", "3"], nil, 125),
    ("spin", [], SIGINT, 130), ("wait", [], SIGTERM, 143),
  ]

  @Test(arguments: endings)
  func theFolderIsWhatTheGuestLeft(
    ending: (how: String, words: [String], signal: Int32?, status: Int32)
  ) throws {
    let bound = try Bound()
    defer { bound.remove() }
    let status = try bound.run(ending.words, [ending.how], signal: ending.signal)
    #expect(status == ending.status, "\(ending): \(bound.errors)")
    #expect(try bound.listing() == Bound.changed, "\(ending): \(bound.errors)")
    #expect(try bound.outside() == "the host's\n")
  }

  @Test(arguments: ["16K", "64K"])
  func alsoWithLargerPages(pageSize: String) throws {
    let bound = try Bound()
    defer { bound.remove() }
    #expect(try bound.run(["--page-size", pageSize], ["exit"]) == 7)
    #expect(try bound.listing() == Bound.changed, "\(bound.errors)")
  }

  @Test func aKernelThatDiesChangesNothing() throws {
    let bound = try Bound()
    defer { bound.remove() }
    let image = try KernelDeathTests.brokenImage(in: bound.folder)
    let before = try bound.listing()
    #expect(try bound.run(["--kernel", image.path], ["exit"]) == 125)
    #expect(bound.errors.contains("nothing is changed"), "\(bound.errors)")
    #expect(try bound.listing() == before)
  }

  @Test func withoutRWNothingIsChanged() throws {
    let bound = try Bound()
    defer { bound.remove() }
    let before = try bound.listing()
    #expect(try bound.run([], ["exit"], mode: "") == 7)
    #expect(try bound.listing() == before)
  }
}

/// A folder with something of every kind, and a file outside that nobody may touch.
private final class Bound {
  let folder: URL
  private var host: URL { folder.appending(path: "bound") }
  private(set) var errors = ""

  init() throws {
    folder = try GuestPrograms.folder()
    let files = FileManager.default
    try files.createDirectory(
      at: host.appending(path: "folder"), withIntermediateDirectories: true)
    for name in ["renamed", "removed", "mode", "kept", "changed", "cut", "suid", "folder/inner"] {
      try Data("\(name)\n".utf8).write(to: host.appending(path: name))
      try files.setAttributes(
        [.posixPermissions: 0o644], ofItemAtPath: host.appending(path: name).path)
    }
    let outside = folder.appending(path: "outside")
    try files.createDirectory(at: outside, withIntermediateDirectories: true)
    try Data("the host's\n".utf8).write(to: outside.appending(path: "secret"))
    try files.createSymbolicLink(
      atPath: host.appending(path: "to-host").path, withDestinationPath: "../outside/secret")
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }

  func outside() throws -> String {
    try String(contentsOf: folder.appending(path: "outside/secret"), encoding: .utf8)
  }

  /// Runs the program; with a signal, sends that to the tool once the program has changed all.
  func run(
    _ words: [String], _ arguments: [String], mode: String = ":rw", signal: Int32? = nil
  ) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: Kilburn.tool)
    process.arguments =
      ["run", "--quiet"] + words
      + ["--bind", "\(host.path):/bound\(mode)", "--", try GuestPrograms.program("bound")]
      + arguments
    let output = Pipe()
    let complaints = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = complaints
    try process.run()
    var said = Data()
    while !said.contains(UInt8(ascii: "\n")) {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      said += more
    }
    if let signal { kill(process.processIdentifier, signal) }
    _ = output.fileHandleForReading.readDataToEndOfFile()
    errors = String(
      decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Every name with its kind, permissions, and what it holds.
  func listing() throws -> [String] {
    let files = FileManager.default
    return try files.subpathsOfDirectory(atPath: host.path).sorted().map { path in
      let full = host.appending(path: path).path
      let attributes = try files.attributesOfItem(atPath: full)
      let mode = String((attributes[.posixPermissions] as? Int ?? 0) & 0o7777, radix: 8)
      switch attributes[.type] as? FileAttributeType {
      case .typeDirectory: return "\(path)/ \(mode)"
      case .typeSymbolicLink:
        return "\(path) -> \(try files.destinationOfSymbolicLink(atPath: full))"
      default:
        let bytes = try Data(contentsOf: URL(filePath: full))
        let text = bytes.count < 100 ? String(decoding: bytes, as: UTF8.self) : ""
        return "\(path) \(mode) \(bytes.count) \(text.debugDescription)"
      }
    }
  }

  /// What the program makes of it.
  static let changed = [
    "changed 644 8 \"CHanged\\n\"", "cut 644 3 \"cut\"", "hole 644 8388611 \"\"",
    "kept 644 5 \"kept\\n\"", "link -> ../outside/secret", "mode 751 5 \"mode\\n\"",
    "moved/ 755", "moved/inner 644 13 \"folder/inner\\n\"", "moved/made/ 700",
    "moved/made/file 640 5 \"made\\n\"", "new name 644 8 \"renamed\\n\"",
    "second name 644 5 \"kept\\n\"", "suid 755 5 \"suid\\n\"", "to-host -> ../outside/secret",
  ]
}
