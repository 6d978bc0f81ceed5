import Cores
import Foundation
import MemoryTypes
import Testing

@testable import Machine

@Suite struct ConfigurationTests {
  /// Applies words as the command line gives them.
  private func configured(_ words: [(MachineOption, String)]) throws -> MachineConfiguration {
    var configuration = MachineConfiguration()
    for (option, value) in words { try configuration.set(option, to: value) }
    return configuration
  }

  @Test func aMachineHasDefaults() throws {
    let machine = try MachineConfiguration().described()
    #expect(machine.pageSize == .fourKiB)
    #expect(machine.vaBits == 48)
    #expect(machine.levels == 4)
    #expect(machine.hardwareAccessAndDirty)
    #expect(machine.banks.text == "512M@0x40000000")
    #expect(machine.environment.map(\.name) == ["HOME", "PATH", "TERM"])
  }

  @Test(
    arguments: [
      ("4K", nil, 48, 4), ("4K", "39", 39, 3), ("16K", nil, 47, 3), ("16K", "36", 36, 2),
      ("16K", "48", 48, 4), ("64K", nil, 48, 3), ("64K", "42", 42, 2),
    ] as [(String, String?, UInt64, Int)])
  func pageSizeAndVABitsMakeLevels(size: String, bits: String?, vaBits: UInt64, levels: Int) throws
  {
    let machine = try configured([(.pageSize, size)] + (bits.map { [(.vaBits, $0)] } ?? []))
      .described()
    #expect(machine.vaBits == vaBits)
    #expect(machine.levels == levels)
  }

  @Test(
    arguments: [
      ([(.pageSize, "4K"), (.vaBits, "42")], "--va-bits cannot be 42 with 4K pages"),
      ([(.pageSize, "16K"), (.vaBits, "39")], "--va-bits cannot be 39 with 16K pages"),
      ([(.pageSize, "64K"), (.vaBits, "39")], "--va-bits cannot be 39 with 64K pages"),
      ([(.vaBits, "0")], "--va-bits cannot be 0"),
      ([(.vaBits, "52")], "neoverse-n1 has no 52-bit addresses"),
      ([(.pageSize, "16K"), (.core, "cortex-a57")], "cortex-a57 has no 16K pages"),
      ([(.core, "cortex-a53"), (.hardwareAccessAndDirty, "on")], "cortex-a53 cannot set"),
      ([(.ram, "31M")], "less than 32M"),
      ([(.ram, "65G")], "more than 64G"),
      ([(.ram, "0")], "less than 32M"),
      ([(.ram, "33G@0x40000000,33G@0x1000000000")], "more than 64G"),
      ([(.ram, "8E")], "more than 64G"),
      ([(.ram, "512M@0x80000000")], "the first bank must begin at 0x40000000"),
      ([(.ram, "512M@0x40000000,512M@0x50000000")], "overlap"),
      ([(.ram, "512M@0x40000000,1G@0xffffffffffff0000")], "beyond"),
      ([(.ram, "512M@0x40000000,5K@0x80000000")], "not a multiple of 64K"),
      ([(.memTotal, "513M")], "more than the RAM"),
      ([(.memTotal, "1M")], "less than 16M"),
      ([(.memTotal, "64M"), (.memFree, "64M")], "as much as there is"),
    ] as [([(MachineOption, String)], String)])
  func whatCannotBeIsRefused(words: [(MachineOption, String)], cause: String) throws {
    let configuration = try configured(words)
    let error = #expect(throws: MachineError.self) { try configuration.described() }
    #expect(error?.cause.contains(cause) == true, "\(String(describing: error))")
    #expect(error?.exitCode == 64)
  }

  @Test(
    arguments: [
      (.pageSize, "8K"), (.pageSize, ""), (.vaBits, "many"), (.ram, "1G@"), (.ram, "1G,1G"),
      (.ram, "@0x40000000"), (.memTotal, "x"), (.hardwareAccessAndDirty, "yes"), (.core, "486"),
      (.overcommit, "3"), (.bind, "a"), (.bind, "a:b"), (.bind, ":/b"), (.bind, "a:/b:rx"),
      (.bind, "a:/"), (.bind, "a:/b:ro:x"), (.env, "X"), (.env, "=x"),
    ] as [(MachineOption, String)])
  func malformedValuesAreRefused(option: MachineOption, value: String) {
    var configuration = MachineConfiguration()
    #expect(throws: MachineError.self) { try configuration.set(option, to: value) }
  }

  @Test func banksAreSorted() throws {
    let banks = try [MemoryBank](parsing: "1G@0x100000000,512M@0x40000000")
    #expect(banks.text == "512M@0x40000000,1G@0x100000000")
    #expect(banks.total == .mebibytes(1536))
  }

  @Test func theEnvironmentAddsAndReplaces() throws {
    let machine = try configured([(.env, "A=1"), (.env, "PATH=/sbin:/bin"), (.env, "A=b=c")])
      .described()
    #expect(
      machine.environment.map { "\($0.name)=\($0.value)" }
        == ["HOME=/", "PATH=/sbin:/bin", "TERM=linux", "A=b=c"])
  }

  @Test func whatACoreLacksIsRefused() throws {
    let m1 = try configured([(.core, "apple-m1-firestorm")])
    #expect(try m1.described().hardwareAccessAndDirty == false)
    #expect(m1.core.emulator.argument.hasPrefix("max,"))
    var other = m1
    other.pageSize = .sixtyFourKiB
    #expect(throws: MachineError.self) { try other.described() }
    other = m1
    other.vaBits = 52
    #expect(throws: MachineError.self) { try other.described() }
  }

  @Test func aCoreMayBeAFile() throws {
    let bytes = try #require(CorePresets.file("cortex-a72"))
    let folder = FileManager.default.temporaryDirectory
    let path = folder.appending(path: "kilburn-\(UUID().uuidString).yaml").path
    let text = String(decoding: bytes, as: UTF8.self).replacing(
      "name: cortex-a72", with: "name: own")
    try Data(text.utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let machine = try configured([(.core, path)]).described()
    #expect(machine.core.name == "own")
    #expect(machine.core.emulator.argument == "cortex-a72")
    try Data(text.replacing("pa_bits", with: "pa_pits").utf8).write(to: URL(filePath: path))
    let error = #expect(throws: MachineError.self) { try configured([(.core, path)]) }
    #expect(error?.cause.contains("there is no 'pa_pits' in arch") == true)
    #expect(error?.cause.hasPrefix("\(path):") == true)
    #expect(error?.exitCode == 64)
  }
}

@Suite struct MachineFileTests {
  @Test func theWordsAreThoseOfTheCommandLine() throws {
    var configuration = MachineConfiguration()
    try MachineFile.apply(
      """
      page-size: 16K
      va-bits: 36
      ram: [1G@0x40000000, 1G@0x100000000]
      mem-total: 508768K
      hw-afdbm: off
      overcommit: 2
      env: {A: 1, B: two}
      bind:
        - /tmp:/data
      """, named: "m.yaml", to: &configuration)
    #expect(configuration.pageSize == .sixteenKiB)
    #expect(configuration.vaBits == 36)
    #expect(configuration.banks.count == 2)
    #expect(configuration.memTotal == .kibibytes(508_768))
    #expect(configuration.hardwareAccessAndDirty == false)
    #expect(configuration.overcommit == .never)
    #expect(configuration.environment.map(\.value) == ["1", "two"])
    #expect(configuration.binds == [Bind(host: "/tmp", guest: "/data")])
  }

  @Test(arguments: [
    ("thp: always", "--thp is not built yet"), ("colour: red", "there is no 'colour'"),
    ("page-size: 5K", "--page-size cannot be '5K'"), ("- a", "word: value"),
    ("ram: {a: b}", "cannot be a value of that shape"), ("a: [", "not YAML"),
    ("core: [a, b]", "cannot be a value of that shape"),
  ])
  func whatCannotBeIsRefusedWithTheFilesName(text: String, cause: String) {
    var configuration = MachineConfiguration()
    let error = #expect(throws: MachineError.self) {
      try MachineFile.apply(text, named: "m.yaml", to: &configuration)
    }
    #expect(error?.cause.hasPrefix("m.yaml: ") == true)
    #expect(error?.cause.contains(cause) == true, "\(String(describing: error))")
  }

  @Test func anEmptyFileChangesNothing() throws {
    var configuration = MachineConfiguration()
    try MachineFile.apply("", named: "m.yaml", to: &configuration)
    try MachineFile.apply("# nothing\n", named: "m.yaml", to: &configuration)
    #expect(configuration == MachineConfiguration())
  }
}

@Suite struct SizeTests {
  @Test(
    arguments: [
      (0, "0"), (1023, "1023"), (1024, "1K"), (1536, "1.5K"), (4000, "3.9K"), (1 << 20, "1M"),
      (25_270_000, "24.1M"), (1_047_552, "1023K"), (1_048_575, "1024K"), (5 << 30, "5G"),
      (UInt64.max, "16E"),
    ] as [(UInt64, String)])
  func sizesRoundToOneDecimal(bytes: UInt64, text: String) {
    #expect(ByteCount(bytes).rounded == text)
  }
}
