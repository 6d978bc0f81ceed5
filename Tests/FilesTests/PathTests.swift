import BoardFormat
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import Files

@Suite struct PathTests {
  static func machine() throws -> TestMachine {
    var archive = ArchiveBuilder()
    archive.folder("/d")
    archive.folder("/d/e")
    archive.file("/d/f", [1, 2, 3], mode: 0o100644)
    archive.link("/d/down", "e")
    archive.link("/d/file", "f")
    archive.link("/loop", "loop")
    archive.link("/a", "b")
    archive.link("/b", "a")
    archive.link("/dangling", "nowhere/at/all")
    archive.link("/top", "/")
    archive.link("/slash", "/d/e///")
    archive.file("/c0", [9], mode: 0o100644)
    for step in 1...41 { archive.link("/c\(step)", "c\(step - 1)") }
    return try TestMachine(archive: archive.build())
  }

  /// Path and what finding it ends with.
  static let walks: [(String, Errno?)] = [
    ("/", nil), ("//", nil), ("/.", nil), ("/..", nil), ("/../../d", nil), ("d/e", nil),
    ("d/e/", nil), ("d/e/..", nil), ("./d/../d/./e/../f", nil), ("d/f/", .ENOTDIR),
    ("d/f/.", .ENOTDIR), ("d/f/..", .ENOTDIR), ("d/f/x", .ENOTDIR), ("d/x", .ENOENT),
    ("x/y", .ENOENT), ("", .ENOENT), ("d/down", nil), ("d/down/", nil), ("d/down/..", nil),
    ("d/down/../f", nil), ("d/file", nil), ("d/file/", .ENOTDIR), ("loop", .ELOOP),
    ("loop/x", .ELOOP), ("a", .ELOOP), ("dangling", .ENOENT), ("top/d/e", nil),
    ("top/top/top/d", nil), ("slash", nil), ("slash/../f", nil), ("c40", nil),
    ("c41", .ELOOP), (String(repeating: "n", count: 255), .ENOENT),
    (String(repeating: "n", count: 256), .ENAMETOOLONG),
    ("d/" + String(repeating: "n", count: 256) + "/x", .ENAMETOOLONG),
    (String(repeating: "/", count: 4095), nil),
    (String(repeating: "/", count: 4096), .ENAMETOOLONG),
    (String(repeating: "./", count: 2000) + "d", nil), ("proc", nil), ("proc/1", .ENOENT),
    ("dev/null", nil), ("dev/null/", .ENOTDIR),
  ]

  @Test func walksEndAsInLinux() throws {
    let machine = try Self.machine()
    defer { machine.end() }
    let references = machine.root.pointee.references
    for (text, expected) in Self.walks {
      let outcome = errno {
        machine.files.pointee.release(
          try machine.files.pointee.resolve(path(text), from: machine.root))
      }
      #expect(outcome == expected, "\(text.prefix(40))")
    }
    check(machine.root.pointee.references == references)
    machine.files.pointee.checkInvariants()
  }

  @Test func openingEndsAsInLinux() throws {
    let machine = try Self.machine()
    defer { machine.end() }
    let files = machine.files
    let cases: [(String, OpenFlags, Errno?)] = [
      ("d", [], nil), ("d", .readWrite, .EISDIR), ("d", .create, .EISDIR),
      ("d", [.create, .directory], .EINVAL), ("d/f", .directory, .ENOTDIR),
      ("d/f", [.create, .exclusive], .EEXIST), ("d/new/", [.create, .writeOnly], .EISDIR),
      ("d/file", .noFollow, .ELOOP), ("d/down", [.noFollow, .directory], .ENOTDIR),
      ("dangling", [.create, .writeOnly], .ENOENT), ("loop", [.create, .writeOnly], .ELOOP),
      ("nodir/x", [.create, .writeOnly], .ENOENT), ("proc/x", [.create, .writeOnly], .EPERM),
      ("d/f", [.path], nil), ("d/file", [.path, .noFollow], nil), (".", [.create], .EISDIR),
      ("d/..", [.create], .EISDIR), ("", [.create], .ENOENT),
    ]
    for (text, flags, expected) in cases {
      let outcome = errno { files.pointee.release(try files.pointee.open(text, flags)) }
      #expect(outcome == expected, "\(text) \(flags.rawValue)")
    }
    // A link to a name that is not there yet makes it.
    try files.pointee.makeSymbolicLink(path("/later"), from: machine.root, to: path("d/made"))
    files.pointee.release(try files.pointee.open("/later", [.create, .writeOnly]))
    files.pointee.release(try files.pointee.open("/d/made"))
    files.pointee.checkInvariants()
  }

  @Test func removingEndsAsInLinux() throws {
    let machine = try Self.machine()
    defer { machine.end() }
    let files = machine.files
    let root = machine.root
    for (text, expected) in [
      ("/", Errno.EBUSY), ("/.", .EINVAL), ("/d/..", .ENOTEMPTY), ("/d", .ENOTEMPTY),
      ("/d/f", .ENOTDIR), ("/tmp", .EBUSY), ("/none", .ENOENT),
    ] {
      check(errno { try files.pointee.removeDirectory(path(text), from: root) } == expected)
    }
    for (text, expected) in [
      ("/", Errno.EISDIR), ("/d/.", .EISDIR), ("/d/f/", .ENOTDIR), ("/d/e/", .EISDIR),
      ("/d/e", .EISDIR), ("/none", .ENOENT), ("/d/f/x", .ENOTDIR),
    ] {
      check(errno { try files.pointee.unlink(path(text), from: root) } == expected, "\(text)")
    }
    check(
      errno { try files.pointee.rename(path("/d"), from: root, to: path("/d/e/x"), from: root) }
        == .EINVAL)
    check(
      errno { try files.pointee.rename(path("/d"), from: root, to: path("/tmp/x"), from: root) }
        == .EXDEV)
    check(
      errno { try files.pointee.rename(path("/tmp"), from: root, to: path("/x"), from: root) }
        == .EBUSY)
    check(
      errno { try files.pointee.makeDirectory(path("/x/y"), from: root, permissions: 0o755) }
        == .ENOENT)
    try files.pointee.makeDirectory(path("/x/"), from: root, permissions: 0o755)
    // Paths from a folder, and a folder that was removed while in use.
    let folder = try files.pointee.resolve(path("/x"), from: root)
    try files.pointee.makeDirectory(path("y"), from: folder, permissions: 0o700)
    try files.pointee.removeDirectory(path("x/y"), from: root)
    try files.pointee.removeDirectory(path("/x"), from: root)
    check(
      errno { try files.pointee.makeDirectory(path("y"), from: folder, permissions: 0o700) }
        == .ENOENT)
    check(machine.text { files.pointee.writePath(of: folder, &$0) } == "/x (deleted)")
    files.pointee.release(folder)
    files.pointee.checkInvariants()
  }

  @Test func pathsAreWrittenWhole() throws {
    let machine = try Self.machine()
    defer { machine.end() }
    for text in ["/", "/d", "/d/e", "/dev/null"] {
      let dentry = try machine.files.pointee.resolve(path(text), from: machine.root)
      check(machine.text { machine.files.pointee.writePath(of: dentry, &$0) } == text)
      machine.files.pointee.release(dentry)
    }
    let shared = try machine.files.pointee.makeAnonymousFile(ByteCount(1 << 20))
    check(
      machine.text { machine.files.pointee.writePath(of: shared.pointee.dentry, &$0) }
        == "/dev/zero (deleted)")
    machine.files.pointee.release(shared)
  }
}

extension TestMachine {
  /// What a text writer was told to write.
  func text(_ body: (inout TextWriter<HostBoard>) -> Void) -> String {
    var writer = TextWriter<HostBoard>(files)
    body(&writer)
    var bytes: [UInt8] = []
    writer.forEachPiece { piece in for index in 0..<piece.count { bytes.append(piece[index]) } }
    writer.discard()
    return String(decoding: bytes, as: UTF8.self)
  }
}
