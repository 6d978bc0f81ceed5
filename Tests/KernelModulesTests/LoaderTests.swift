import Files
import MemoryTypes
import Testing

@testable import KernelModules

/// The loader on made-up objects, good ones and hostile ones.
@Suite struct LoaderTests {
  @Test func aModuleComesAndGoes() throws {
    let host = TestHost()
    var loader = ModuleLoader<TestHost>.make(host)
    try loader.load(ObjectWriter.module.bytes)
    let newest = loader.first
    let module = try #require(newest)
    #expect(module.pointee.state == .live)
    #expect(host.called == [module.pointee.core.address])
    var line = ""
    #expect(loader.line(0, showsAddress: true) { line += TestHost.text($0) })
    #expect(line == "test \(module.pointee.core.size) 0 [permanent], Live 0xffff800000000000\n")
    #expect(throws: ModuleError(.loadedAlready)) { try loader.load(ObjectWriter.module.bytes) }
    #expect(module.pointee.place(of: module.pointee.core.address + 4)?.offset == 4)
    loader.unform(module)
    #expect(host.areas == 0 && host.objects == 0 && loader.first == nil)
  }

  @Test func sectionsArePlacedByPermission() throws {
    let host = TestHost()
    var writer = ObjectWriter.module
    writer.sections.append(.init(name: ".rodata", flags: 2, bytes: [1, 2, 3]))
    writer.sections.append(.init(name: ".data..ro_after_init", flags: 3, bytes: [4]))
    writer.sections.append(
      .init(name: ".init.text", flags: 6, bytes: ObjectWriter.word(0xd65f_03c0)))
    var loader = ModuleLoader<TestHost>.make(host)
    try loader.load(writer.bytes)
    let newest = loader.first
    let module = try #require(newest)
    let layout = module.pointee.coreLayout
    #expect(
      (layout.textSize, layout.readOnlySize, layout.readOnlyAfterInitSize, layout.size)
        == (4096, 8192, 12288, 16384))
    // The init part has gone; what was for it only is read-only since.
    #expect(host.areas == 1 && module.pointee.initial == nil)
    #expect(host.protections.last?.0 == 8192..<12288)
    loader.unform(module)
    #expect(host.areas == 0)
  }

  @Test func farCallsGetOneVeneer() throws {
    let host = TestHost()
    host.exports["_printk"] = 0xffff_8000_4000_0678
    var writer = ObjectWriter.module
    writer.relocations += [(1, 4, 283, 2, 0), (1, 8, 282, 2, 0)]
    var loader = ModuleLoader<TestHost>.make(host)
    try loader.load(writer.bytes)
    let newest = loader.first
    let module = try #require(newest)
    let core = module.pointee.core
    let veneer = core.address + module.pointee.coreLayout.veneers
    #expect(module.pointee.coreLayout.veneerCount == 1)
    #expect(
      core.load(core.address + 4, UInt32.self) & 0x3ff_ffff == UInt32(veneer - core.address - 4) / 4
    )
    #expect(
      core.load(core.address + 8, UInt32.self) & 0x3ff_ffff == UInt32(veneer - core.address - 8) / 4
    )
    // adrp x16, 0x40000 pages on; add x16, x16, #0x678; br x16
    #expect(core.load(veneer, UInt32.self) == 0x9020_0010)
    #expect(core.load(veneer + 4, UInt32.self) == 0x9119_e210)
    #expect(core.load(veneer + 8, UInt32.self) == 0xd61f_0200)
    loader.unform(module)
  }

  @Test func whatIsMissingIsNamed() {
    let host = TestHost()
    host.exports = [:]
    var loader = ModuleLoader<TestHost>.make(host)
    var writer = ObjectWriter.module
    writer.symbols[1].name = "nowhere"
    let error = #expect(throws: ModuleError.self) { try loader.load(writer.bytes) }
    #expect(error?.reason == .unknownSymbol && error?.errno == .ENOENT)
    #expect(host.said == ["test: Unknown symbol nowhere (err -2)"])
    #expect(host.areas == 0 && host.objects == 0)
    writer.symbols[1].info = 0x20
    #expect(throws: Never.self) { try loader.load(writer.bytes) }
    if let module = loader.first { loader.unform(module) }
  }

  @Test func failuresLeaveNothing() {
    let host = TestHost()
    var loader = ModuleLoader<TestHost>.make(host)
    host.outcome = .died
    #expect(throws: ModuleError(.died)) { try loader.load(ObjectWriter.module.bytes) }
    host.outcome = .returned(-11)
    let error = #expect(throws: ModuleError.self) { try loader.load(ObjectWriter.module.bytes) }
    #expect(error?.result == -11)
    #expect(host.areas == 0 && host.objects == 0 && loader.first == nil)
  }

  @Test(
    arguments: [
      (1, 62, 257, ModuleError.Reason.relocationOutside), (1, .max, 283, .relocationOutside),
      (1, 0, 999, .relocationUnsupported), (4, 0, 258, .relocationOverflow),
      (1, 0, 279, .relocationOverflow),
    ] as [(Int, UInt64, UInt32, ModuleError.Reason)])
  func badRelocations(
    _ section: Int, _ offset: UInt64, _ type: UInt32, _ reason: ModuleError.Reason
  ) {
    let host = TestHost()
    var loader = ModuleLoader<TestHost>.make(host)
    var writer = ObjectWriter.module
    writer.relocations.append((section, offset, type, 2, 0))
    let error = #expect(throws: ModuleError.self) { try loader.load(writer.bytes) }
    #expect(error?.reason == reason)
    #expect(host.areas == 0 && host.objects == 0)
  }

  /// Every byte of a module changed in many ways, every length: no trap, and nothing is left.
  @Test func hostileFiles() {
    var generator = SplitMix(seed: 7)
    var writer = ObjectWriter.module
    writer.relocations += [(1, 4, 283, 2, 0), (4, 0, 257, 3, 8), (1, 8, 275, 3, 0)]
    let good = writer.bytes
    for round in 0..<20_000 {
      let host = TestHost()
      host.avoidsLateADRP = round % 2 == 0
      var loader = ModuleLoader<TestHost>.make(host)
      var file = good
      for _ in 0..<1 + round % 4 {
        let place = Int(generator.next() % UInt64(file.count))
        file[place] = round % 3 == 0 ? 0xff : UInt8(truncatingIfNeeded: generator.next())
      }
      if round % 5 == 0 { file.removeLast(Int(generator.next() % UInt64(file.count))) }
      do throws(ModuleError) {
        try loader.load(file)
      } catch {
        #expect(error.text.utf8CodeUnitCount > 0)
      }
      if let module = loader.first { loader.unform(module) }
      guard host.areas == 0, host.objects == 0 else {
        Issue.record("round \(round) of seed 7 left memory behind")
        return
      }
    }
  }

  private struct SplitMix {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      return z ^ z >> 31
    }
  }
}
