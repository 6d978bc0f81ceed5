import Files
import Testing

@testable import KernelModules

/// Files that are bent at one place: each is refused by its name, and nothing of it stays.
@Suite struct HostileFileTests {
  /// A bent module: how it is made, why it is refused, by what error number.
  struct Bent: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let reason: ModuleError.Reason
    let bend: @Sendable (inout [UInt8]) -> Void

    init(
      _ name: String, _ reason: ModuleError.Reason,
      _ bend: @escaping @Sendable (inout [UInt8]) -> Void
    ) {
      testDescription = name
      self.reason = reason
      self.bend = bend
    }
  }

  static let all: [Bent] = [
    Bent("no section", .noSectionNames) { $0.put(UInt16(0), 60) },
    Bent("65,535 sections", .tooManySections) { $0.put(UInt16.max, 60) },
    Bent("headers behind the end", .sectionHeadersOutside) { $0.put(UInt64($0.count), 40) },
    Bent("headers around the end of numbers", .sectionHeadersOutside) { $0.put(~UInt64(63), 40) },
    Bent("headers in the header", .sectionsOverlap) { $0.put(UInt64(32), 40) },
    Bent("the null section has bytes", .sectionZeroInUse) { $0.put(UInt64(1), $0.header(0) + 32) },
    Bent("code behind the end", .sectionOutside) { $0.put(UInt64(1) << 40, $0.header(1) + 24) },
    Bent("code over the end of numbers", .sectionOutside) {
      $0.put(~UInt64(15), $0.header(1) + 24)
    },
    Bent("code of 2^63 bytes", .sectionOutside) { $0.put(UInt64(1) << 63, $0.header(1) + 32) },
    Bent("zeros of 2^63 bytes", .sectionTooLarge) {
      $0.put(UInt32(8), $0.header(4) + 4)
      $0.put(UInt64(1) << 63, $0.header(4) + 32)
    },
    Bent("zeros of 128M and a page", .sectionTooLarge) {
      $0.put(UInt32(8), $0.header(4) + 4)
      $0.put(UInt64(128 << 20) + 4096, $0.header(4) + 32)
    },
    Bent("aligned to 3", .wrongAlignment) { $0.put(UInt64(3), $0.header(1) + 48) },
    Bent("aligned to 2^63", .wrongAlignment) { $0.put(UInt64(1) << 63, $0.header(1) + 48) },
    Bent("code that is written to", .writableAndExecutable) { $0.put(UInt64(7), $0.header(1) + 8) },
    Bent("code in the section headers", .sectionsOverlap) {
      $0.put(UInt64($0.headers), $0.header(1) + 24)
    },
    Bent("data in the symbol table", .sectionsOverlap) {
      $0.put($0.word($0.header($0.named(".symtab")) + 24), $0.header(4) + 24)
    },
    Bent("data in the ELF header", .sectionsOverlap) { $0.put(UInt64(0), $0.header(4) + 24) },
    Bent("data in code and everywhere", .sectionsOverlap) {
      $0.put(UInt64(64), $0.header(4) + 24)
      $0.put(UInt64($0.headers - 64), $0.header(4) + 32)
    },
    Bent("a section's name outside", .sectionNameOutside) { $0.put(UInt32.max, $0.header(1)) },
    Bent("names without an end", .sectionNamesOpen) {
      let names = $0.header($0.sectionCount - 1)
      $0[Int($0.word(names + 24) + $0.word(names + 32)) - 1] = 0x61
    },
    Bent("no names", .noSectionNames) { $0.put(UInt16(0), 62) },
    Bent("names that are zeros", .sectionNamesOpen) {
      $0.put(UInt32(8), $0.header($0.sectionCount - 1) + 4)
    },
    Bent("symbols of nobody's names", .wrongSectionLink) {
      $0.put(UInt32.max, $0.header($0.named(".symtab")) + 40)
    },
    Bent("symbols whose names are zeros", .symbolNamesOpen) {
      $0.put(UInt32(8), $0.header($0.named(".strtab")) + 4)
    },
    Bent("half a symbol", .wrongSymbolTable) {
      let table = $0.header($0.named(".symtab"))
      $0.put($0.word(table + 32) - 12, table + 32)
    },
    Bent("no symbols", .noSymbols) { $0.put(UInt32(0), $0.header($0.named(".symtab")) + 4) },
    Bent("a symbol's name outside", .symbolNameOutside) { $0.put(UInt32.max, $0.symbol(1)) },
    Bent("a symbol in no section", .symbolOutside) { $0.put(UInt16(0xfe00), $0.symbol(1) + 6) },
    Bent("a common symbol", .commonSymbol) { $0.put(UInt16(0xfff2), $0.symbol(3) + 6) },
    Bent("a relocation's symbol outside", .relocationSymbolOutside) {
      $0.put(UInt32.max, $0.relocation + 12)
    },
    Bent("a relocation far behind its section", .relocationOutside) {
      $0.put(UInt64.max, $0.relocation)
    },
    Bent("a relocation over its section's end", .relocationOutside) {
      $0.put(UInt64(89), $0.relocation)
    },
    Bent("relocations without addends", .relocationNotRela) {
      $0.put(UInt32(9), $0.header($0.named(".rela")) + 4)
    },
    Bent("init in the data", .tableOutside) { $0.put(UInt32(3), $0.relocation + 12) },
    Bent("no module", .noModule) { $0.put(UInt64(0), $0.header(2) + 8) },
    Bent("a module of zeros", .noModule) { $0.put(UInt32(8), $0.header(2) + 4) },
    Bent("a short module", .noModule) { $0.put(UInt64(88), $0.header(2) + 32) },
    Bent("information that is no section", .noName) { $0.put(UInt32(0), $0.header(3) + 4) },
    Bent("information of zeros", .noName) { $0.put(UInt32(8), $0.header(3) + 4) },
  ]

  @Test(arguments: all)
  func isRefused(_ bent: Bent) {
    let host = TestHost()
    var loader = ModuleLoader<TestHost>.make(host)
    var file = ObjectWriter.module.bytes
    bent.bend(&file)
    let error = #expect(throws: ModuleError.self) { try loader.load(file) }
    #expect(error?.reason == bent.reason)
    #expect(host.said.count == 1 && loader.first == nil, "\(host.said)")
    #expect(host.areas == 0 && host.objects == 0 && host.called.isEmpty)
  }

  /// What is bent where nobody looks does no harm.
  @Test func unusedSectionsMayBeAnything() throws {
    let host = TestHost()
    var writer = ObjectWriter.module
    writer.sections.append(.init(name: ".spare", type: 0, flags: 7, bytes: [1]))
    var file = writer.bytes
    let spare = file.header(5)
    for field in [16, 24, 32, 48] { file.put(UInt64.max, spare + field) }
    var loader = ModuleLoader<TestHost>.make(host)
    try loader.load(file)
    if let module = loader.first { loader.unform(module) }
    #expect(host.areas == 0)
  }

  /// A parameter's variable must be one: code is not written to.
  @Test(arguments: [(1, false), (4, true)])
  func parametersAreVariables(_ section: UInt16, _ isLoaded: Bool) throws {
    let host = TestHost()
    var writer = ObjectWriter.module
    writer.sections.append(
      .init(
        name: "__param",
        bytes: .init(repeating: 0, count: 8) + ObjectWriter.word(5)
          + .init(repeating: 0, count: 20)))
    writer.sections.append(.init(name: ".rodata", bytes: Array("number\0".utf8)))
    writer.symbols += [.init(name: "name", section: 6), .init(name: "variable", section: section)]
    writer.relocations += [(5, 0, 257, 4, 0), (5, 16, 257, 5, 0)]
    var loader = ModuleLoader<TestHost>.make(host)
    if isLoaded {
      try loader.load(writer.bytes, "number=7")
    } else {
      let error = #expect(throws: ModuleError.self) { try loader.load(writer.bytes, "number=7") }
      #expect(error?.reason == .tableOutside)
    }
    if let module = loader.first { loader.unform(module) }
    #expect(host.areas == 0 && host.objects == 0)
  }
}

/// Values of parameters, and what Linux 6.1 answers.
@Suite struct ParameterTests {
  @Test(
    arguments: [
      (5, "x=0x10", nil), (5, "x=4294967296", .parameterOutOfRange), (5, "x=", .parameterInvalid),
      (5, "x", .parameterInvalid), (5, "x=1x", .parameterInvalid),
      (2, "x=256", .parameterOutOfRange),
      (3, "x=-32768", nil), (3, "x=-32769", .parameterOutOfRange), (8, "x=-1", .parameterInvalid),
      (8, "x=0xffffffffffffffff", nil), (8, "x=0x10000000000000000", .parameterOutOfRange),
      (0, "x", nil), (0, "x=maybe", .parameterInvalid), (1, "x", .parameterInvalid),
      (1, "x=on", nil),
      (9, "x", .parameterInvalid), (10, "x=1234567", nil), (10, "x=12345678", .parameterTooLarge),
      (5, "y=3", nil),
    ] as [(UInt32, StaticString, ModuleError.Reason?)])
  func asLinux(_ kind: UInt32, _ words: StaticString, _ reason: ModuleError.Reason?) throws {
    let host = TestHost()
    var writer = ObjectWriter.module
    writer.sections.append(
      .init(
        name: "__param",
        bytes: .init(repeating: 0, count: 8) + ObjectWriter.word(kind)
          + .init(repeating: 0, count: 12) + ObjectWriter.little(UInt64(8))))
    writer.sections.append(.init(name: ".rodata", bytes: Array("x\0".utf8)))
    writer.symbols += [.init(name: "name", section: 6)]
    writer.relocations += [(5, 0, 257, 4, 0), (5, 16, 257, 3, 0)]
    var loader = ModuleLoader<TestHost>.make(host)
    if let reason {
      let error = #expect(throws: ModuleError.self) { try loader.load(writer.bytes, words) }
      #expect(error?.reason == reason)
    } else {
      try loader.load(writer.bytes, words)
    }
    if let module = loader.first { loader.unform(module) }
    #expect(host.areas == 0 && host.objects == 0)
  }
}

/// Places in an object file.
extension [UInt8] {
  func word(_ at: Int) -> UInt64 {
    (0..<8).reduce(0) { $0 | UInt64(self[at + $1]) << UInt64($1 * 8) }
  }

  mutating func put<T: FixedWidthInteger>(_ value: T, _ at: Int) {
    replaceSubrange(at..<at + T.bitWidth / 8, with: ObjectWriter.little(value))
  }

  var headers: Int { Int(word(40)) }
  var sectionCount: Int { Int(self[60]) | Int(self[61]) << 8 }

  /// The header of a section.
  func header(_ section: Int) -> Int { headers + section * 64 }

  /// The number of the section of a name.
  func named(_ name: String) -> Int {
    let names = Int(word(header(sectionCount - 1) + 24))
    let wanted = Array(name.utf8) + [0]
    for section in 1..<sectionCount {
      let at = names + Int(word(header(section)) & 0xffff_ffff)
      if at + wanted.count <= count, Array(self[at..<at + wanted.count]) == wanted {
        return section
      }
    }
    return 0
  }

  func symbol(_ index: Int) -> Int { Int(word(header(named(".symtab")) + 24)) + index * 24 }

  /// The first relocation.
  var relocation: Int { Int(word(header(named(".rela")) + 24)) }
}
