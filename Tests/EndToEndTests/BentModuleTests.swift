import Foundation
import Testing

/// A module that was bent at one place does not hurt the kernel: each is refused by Linux's error
/// number and a line in the log, and takes nothing.
@Suite struct BentModuleTests {
  struct Bent: Sendable {
    let name: String
    let error: String
    let line: String
    let bend: @Sendable (inout ObjectFile) -> Void

    /// One that is refused by ENOEXEC, if nothing else is said.
    init(
      _ name: String, _ line: String, error: String = "Exec format error",
      _ bend: @escaping @Sendable (inout ObjectFile) -> Void
    ) {
      self.name = name
      self.error = error
      self.line = line
      self.bend = bend
    }
  }

  static let all: [Bent] = [
    Bent("short", "module file refused: its section headers lie outside") {
      $0.bytes.removeLast(200)
    },
    Bent("sections", "module file refused: it has more sections than there are numbers") {
      $0.put(UInt16.max, 60)
    },
    Bent("headers", "module file refused: its section headers lie outside") {
      $0.put(UInt64.max - 63, 40)
    },
    Bent("wide", "module file refused: a section lies outside") {
      $0.put(UInt64(1) << 63, $0.header(".text") + 32)
    },
    Bent("far", "module file refused: a section lies outside") {
      $0.put(UInt64.max - 7, $0.header(".rodata.str1.8", ".rodata.str1.1") + 24)
    },
    Bent("aligned", "module file refused: a section's alignment is no power of two, or too large") {
      $0.put(UInt64(1) << 62, $0.header(".text") + 48)
    },
    Bent("overlapping", "module file refused: sections lie in the same bytes") {
      $0.put($0.number($0.header(".symtab") + 24, 8), $0.header(".init.text") + 24)
    },
    Bent(
      "writable", "writable: section .text (index 1) has invalid WRITE|EXEC flags"
    ) { $0.put(UInt64(7), $0.header(".text") + 8) },
    Bent("zeros", "it is larger than the modules' region", error: "Cannot allocate memory") {
      $0.put(UInt32(8), $0.header(".data", ".rodata") + 4)
      $0.put(UInt64(1) << 40, $0.header(".data", ".rodata") + 32)
    },
    Bent("symbols", "module file refused: a symbol's name lies outside") {
      $0.put(UInt32.max, Int($0.number($0.header(".symtab") + 24, 8)) + 24)
    },
    Bent("section", "module file refused: a symbol is in a section that is not there") {
      $0.put(UInt16(0xfeff), Int($0.number($0.header(".symtab") + 24, 8)) + 24 + 6)
    },
    Bent("names", "module file refused: its symbol names do not end with a zero") {
      let table = $0.header(".strtab")
      $0.bytes[Int($0.number(table + 24, 8) + $0.number(table + 32, 8)) - 1] = 0x78
    },
    Bent("type", "a relocation is of a type that cannot be done") {
      $0.put(UInt32(999), $0.relocation + 8)
    },
    Bent("place", "a relocation's place lies outside its section") {
      $0.put(UInt64.max, $0.relocation)
    },
    Bent("number", "a relocation's symbol is not in the table") {
      $0.put(UInt32.max, $0.relocation + 12)
    },
    Bent("module", "it has no section .gnu.linkonce.this_module") {
      $0.put(UInt64(40), $0.header(".gnu.linkonce.this_module") + 32)
    },
    Bent("version", "version: version magic '7.1.192-") {
      guard let place = $0.find("vermagic=6") else { return }
      $0.bytes[place + 9] = 0x37
    },
    Bent("unknown", "unknown: Unknown symbol _prinxk (err -2)", error: "No such file or directory")
    {
      guard let place = $0.find("_printk\0") else { return }
      $0.bytes[place + 5] = 0x78
    },
  ]

  @Test(arguments: [Pages(size: "4K", bits: "48"), Pages(size: "64K", bits: "42")])
  func areRefused(pages: Pages) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var words: [String] = []
    var expected = ""
    for bent in Self.all {
      // Each under a name of its own.
      let source = folder.appending(path: bent.name + ".c")
      try FileManager.default.copyItem(
        at: Kilburn.checkout.appending(path: "Modules/examples/hello.c"), to: source)
      let path = folder.appending(path: bent.name + ".ko").path
      let built = try Kilburn.execute(
        Kilburn.checkout.appending(path: "Scripts/build-module").path, [source.path, path])
      try #require(built.status == 0, "\(built.errors)")
      var file = ObjectFile(bytes: try Array(Data(contentsOf: URL(filePath: path))))
      bent.bend(&file)
      try Data(file.bytes).write(to: URL(filePath: path))
      words += ["load", path, "count=3"]
      expected += "load \(bent.name).ko: \(bent.error)\n"
    }
    let texts = ["/proc/vmallocinfo", "/proc/modules"]
    for text in texts { expected += "\(text): the same\n" }
    let lender = try ModuleServiceTests.module("lender", in: folder, from: "examples")
    let run = try ModuleServiceTests.run(
      // The first is loaded twice, and a good one before: what the kernel makes once for all is
      // there then.
      Array(words[0..<3]) + texts.flatMap { ["keep", $0] } + words
        + texts.flatMap { ["same", $0] }, folder, pages.options + ["--module", lender])
    #expect(run.output == "load \(Self.all[0].name).ko: \(Self.all[0].error)\n" + expected)
    for bent in Self.all {
      #expect(run.errors.contains(bent.line), "no '\(bent.line)' of \(bent.name)")
    }
    #expect(ModuleServiceTests.lostFrames(run) <= 1, "\(run.errors)")
    #expect(!run.errors.contains("hello, world"))
  }
}

/// An object file whose bytes are changed.
struct ObjectFile {
  var bytes: [UInt8]

  func number(_ at: Int, _ count: Int) -> UInt64 {
    (0..<count).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64($1 * 8) }
  }

  mutating func put<T: FixedWidthInteger>(_ value: T, _ at: Int) {
    for index in 0..<T.bitWidth / 8 {
      bytes[at + index] = UInt8(truncatingIfNeeded: value >> T(index * 8))
    }
  }

  private var sections: [Int] {
    let start = Int(number(40, 8))
    return (0..<Int(number(60, 2))).map { start + $0 * 64 }
  }

  private func name(_ header: Int) -> String {
    let names = Int(number(sections[Int(number(62, 2))] + 24, 8))
    let start = names + Int(number(header, 4))
    return String(decoding: bytes[start...].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The header of the first section of one of these names.
  func header(_ names: String...) -> Int {
    names.lazy.compactMap { name in sections.first { self.name($0) == name } }.first ?? sections[1]
  }

  /// The first relocation of the init function.
  var relocation: Int { Int(number(header(".rela.init.text", ".rela.text") + 24, 8)) }

  func find(_ text: String) -> Int? {
    let wanted = Array(text.utf8)
    return bytes.indices.first { bytes[$0...].starts(with: wanted) }
  }
}
