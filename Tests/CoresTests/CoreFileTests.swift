import Cores
import HardwareModel
import MemoryTypes
import Testing

/// Files of one's own, right and wrong.
@Suite struct CoreFileTests {
  static let small = """
    format: kilburn-core-1
    name: tiny
    clock_ghz: 2
    tlb:
      l1_instruction: {entries: 4, ways: full, entry_sizes: [4K], replacement: lru}
      l1_data: {entries: 8, ways: 2, entry_sizes: [4K, 2M], replacement: plru}
      l2: null
    walk: {cache_entries: 0, starts_at: l1d}
    caches:
      l1i: {size_kib: 1, ways: 2, line: 64, replacement: fifo}
      l1d: {size_kib: 3, ways: 3, line: 64, replacement: random}
      l2: {value: null, assumed: "it has none"}
    latency: {base: 1, l1d: 3, memory: 99.5, l2_tlb_extra: 0}
    arch: {granules: [4K], pa_bits: 40, hw_access_dirty: false, aarch32_el0: true, lva: false}
    qemu: {cpu: "cortex-a76,foo=off", hides: [16K, 64K, hw-access-dirty]}
    """

  @Test func aFileOfOnesOwnNeedsNoSources() throws {
    let core = try CoreDescription(parsing: Self.small, named: "tiny.yaml")
    let hardware = try #require(core.hardware)
    #expect(hardware.geometry.dataTLB.sets == 4)
    #expect(hardware.geometry.dataTLB.replacement == .treePseudoLRU)
    #expect(hardware.geometry.sharedTLB == nil)
    #expect(hardware.geometry.secondCache == nil)
    #expect(hardware.geometry.lastCache == nil)
    #expect(hardware.geometry.dataCache.sets == 16)
    #expect(hardware.geometry.walksThroughDataCache)
    #expect(hardware.latencies.second == 3)
    #expect(hardware.latencies.memory == 99.5)
    #expect(core.title == "tiny")
    #expect(core.emulator.hides == [.sixteenKiBPages, .sixtyFourKiBPages, .hardwareAccessAndDirty])
    #expect(core.figures.contains { $0.path == "latency.memory" && $0.basis == .unstated })
  }

  @Test(
    arguments: [
      ("name: tiny", "name: [a]", 2, "name is not a text"),
      ("kilburn-core-1", "kilburn-core-9", 1, "the format is not kilburn-core-1"),
      ("clock_ghz: 2", "clock_ghz: fast", 3, "clock_ghz is not a number"),
      ("clock_ghz: 2", "clock_gzh: 2", 3, "there is no 'clock_gzh' in a core"),
      ("clock_ghz: 2", "clock_ghz: nan", 3, "clock_ghz is not a number"),
      (
        "clock_ghz: 2", "clock_ghz: {value: 2, assumed: a, source: {doc: a, where: b}}", 3,
        "clock_ghz has a source and is assumed"
      ),
      (
        "clock_ghz: 2", "clock_ghz: {value: 2, source: {doc: a, where: b}}", 3,
        "there is no document 'a'"
      ),
      ("entries: 4,", "entries: 0,", 5, "tlb.l1_instruction.entries is not a number of 1"),
      ("entries: 8, ways: 2", "entries: 9, ways: 2", 6, "a TLB of 9 entries cannot have 2 ways"),
      ("[4K, 2M]", "[4K, 3M]", 6, "no entry has 3145728 bytes"),
      ("[4K, 2M]", "[4K, lots]", 6, "'lots' is not a size"),
      ("[4K, 2M]", "4K", 6, "tlb.l1_data.entry_sizes is not a list"),
      ("replacement: plru", "replacement: rrip", 6, "cannot be 'rrip'"),
      ("starts_at: l1d", "starts_at: l3", 8, "cannot be 'l3'"),
      ("size_kib: 1,", "size_kib: 99999999999999999999,", 10, "caches.l1i.size_kib is not"),
      ("size_kib: 3, ways: 3", "size_kib: 3, ways: 5", 11, "cannot have 5 ways"),
      ("line: 64, replacement: fifo", "line: 48, replacement: fifo", 10, "lines of 48 bytes"),
      ("l1d: 3,", "l1d: 300,", 13, "a level is slower than the one behind it"),
      ("granules: [4K]", "granules: [8K]", 14, "there are no 8K pages"),
      ("pa_bits: 40", "pa_bits: 60", 14, "arch.pa_bits is not a number of 32 to 52"),
      ("lva: false", "lva: perhaps", 14, "arch.lva is true or false"),
      ("\"cortex-a76,foo=off\"", "\"max -nic user\"", 15, "qemu.cpu cannot be"),
      ("hides: [16K", "hides: [4K", 15, "by arch the core has it"),
      ("hides: [16K", "hides: [paging", 15, "nothing is called 'paging'"),
      ("latency: {", "latency: [", 13, "not YAML"),
      ("walk: {", "arch: {", nil, "is there twice"),
    ] as [(String, String, Int?, String)])
  func whatIsWrongIsSaidWithItsLine(old: String, new: String, line: Int?, cause: String) {
    let text = Self.small.replacing(old, with: new, maxReplacements: 1)
    #expect(text != Self.small)
    let error = #expect(throws: CoreFileError.self) {
      try CoreDescription(parsing: text, named: "tiny.yaml")
    }
    #expect(error?.cause.contains(cause) == true, "\(String(describing: error))")
    if let line { #expect(error?.line == line, "\(String(describing: error))") }
    #expect(error?.description.hasPrefix("tiny.yaml") == true)
  }

  @Test(arguments: ["", "~", "- a", "a", "{", "format: kilburn-core-1", "\u{0}", "? [a]\n: b"])
  func noCoreAtAll(_ text: String) {
    #expect(throws: CoreFileError.self) {
      try CoreDescription(parsing: text, named: "x")
    }
  }

  /// Half of the hardware is none.
  @Test func sectionsAreAllThereOrNone() {
    let lines = Self.small.split(separator: "\n").filter { !$0.hasPrefix("latency") }
    let error = #expect(throws: CoreFileError.self) {
      try CoreDescription(parsing: lines.joined(separator: "\n"), named: "x")
    }
    #expect(error?.cause == "there is no 'latency' in a core")
  }

  /// Every cut of a good file is read or refused.
  @Test func aTruncatedFileIsNoTrap() {
    let bytes = Array(Self.small.utf8)
    for end in bytes.indices {
      _ = try? CoreDescription(
        parsing: String(decoding: bytes[..<end], as: UTF8.self), named: "x")
    }
  }
}
