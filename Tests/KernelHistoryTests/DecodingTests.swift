import Arm64
import KernelHistory
import MemoryTypes
import Testing

/// Decoding is total, and what it says can be followed back.
@Suite struct DecodingTests {
  /// Each border with its neighbours, and random addresses, of every kernel.
  @Test func everyAddressIsSomething() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = Generator(state: seed)
    for configuration in EveryConfiguration.all {
      let map = try #require(AddressMap(configuration))
      var addresses = (0..<32).map { _ in generator.next() }
      addresses += (0..<64).map { UInt64(1) << $0 }
      for region in map.regions {
        for border in [region.range.first.rawValue, region.range.last.rawValue] {
          addresses += [border &- 1, border, border &+ 1, border ^ 1 << 63]
        }
      }
      for address in addresses {
        let decoded = map.decode(VirtualAddress(address))
        let isSound =
          decoded.region.range.contains(decoded.plain)
          && decoded.region.range.first + decoded.offset == decoded.plain
          && (decoded.tag != nil || decoded.plain.rawValue == address)
          && leadsBack(decoded, map) && indicesLeadBack(decoded, map)
        if !isSound {
          Issue.record("\(configuration) \(String(address, radix: 16)), seed \(seed)")
        }
      }
    }
  }

  /// Whether what is said of an address leads back to it.
  private func leadsBack(_ decoded: DecodedAddress, _ map: AddressMap) -> Bool {
    if decoded.half == .kernel, let shadow = map.shadow(of: decoded.plain),
      map.addresses(ofShadow: shadow)?.contains(decoded.plain) != true
    {
      return false
    }
    switch decoded.meaning {
    case .none: return true
    case .memory(let physical): return map.linearAddress(of: physical) == decoded.plain
    case .pageStructure(let frame, let offset):
      guard offset.rawValue < map.configuration.structPageSize else { return false }
      // The first structure may begin below the region of a machine with fewer bits.
      return map.pageStructure(of: frame).map { $0 + offset == decoded.plain } ?? true
    case .shadow(let of):
      return map.shadow(of: of.first) == decoded.plain && map.shadow(of: of.last) == decoded.plain
    }
  }

  private func indicesLeadBack(_ decoded: DecodedAddress, _ map: AddressMap) -> Bool {
    guard decoded.half != .neither else { return true }
    guard let geometry = map.configuration.tableGeometry else { return false }
    let indices = TableIndices(of: decoded.plain, in: geometry)
    let address = indices.levels.reduce(indices.offset) {
      $0 | UInt64($1.index) << geometry.shift(at: $1.level)
    }
    return address == decoded.plain.rawValue & (1 << geometry.vaBits - 1)
  }

  @Test func tagsAreIgnoredWhereTheMachineIgnoresThem() throws {
    func map(_ kasan: KASANMode) throws -> AddressMap {
      let configuration = try LayoutConfiguration(
        version: KernelVersion(6, 1), pageSize: .fourKiB, kasan: kasan)
      return try #require(AddressMap(configuration))
    }
    let user = try map(.none).decode(VirtualAddress(0x5a00_aaaa_bbbb_cccc))
    #expect(user.half == .user && user.tag == 0x5a)
    #expect(user.plain == VirtualAddress(0xaaaa_bbbb_cccc))
    let kernel = VirtualAddress(0xf3ff_0000_0012_3456)
    #expect(try map(.none).decode(kernel).half == .neither)
    #expect(try map(.generic).decode(kernel).half == .neither)
    for kasan in [KASANMode.softwareTags, .hardwareTags] {
      let decoded = try map(kasan).decode(kernel)
      #expect(decoded.region.kind == .memory && decoded.tag == 0xf3)
    }
    // A tag does not make an address out of what is between the halves.
    #expect(try map(.none).decode(VirtualAddress(0x5a01_0000_0000_0000)).half == .neither)
  }

  /// As QEMU and a kernel of 6.1 with 512M at 1G had them.
  @Test func viewsOfOneFrame() throws {
    let configuration = try LayoutConfiguration(version: KernelVersion(6, 1), pageSize: .fourKiB)
    let map = try #require(AddressMap(configuration))
    #expect(
      map.decode(VirtualAddress(0xffff_0000_0000_1234)).meaning
        == .memory(PhysicalAddress(0x4000_1234)))
    #expect(
      map.decode(VirtualAddress(0xffff_fc00_0000_0048)).meaning
        == .pageStructure(of: PageFrameNumber(0x40001), offset: ByteCount(8)))
    // Before 4.5 frames are counted from 0: the Tegra's RAM at 2G has struct pages 32M above.
    let early = try LayoutConfiguration(
      version: KernelVersion(4, 4), pageSize: .fourKiB, vaBits: 39)
    let old = try #require(AddressMap(early))
    #expect(
      old.pageStructure(of: PageFrameNumber(0x80000)) == VirtualAddress(0xffff_ffbd_c200_0000))
  }

  @Test func symbolsAndSections() throws {
    let text = """
      0000000000000000 A _kernel_flags_le_hi32
      ffff800008000000 T _text
      ffff800008010000 T _stext
      ffff800008010000 t $x
      ffff800008010800 T vectors
      ffff8000082e0000 D __start_rodata
      ffff8000082e0000 D _etext
      ffff8000083c0000 T __init_begin
      ffff800008410000 T __init_end
      ffff800008410000 D _sdata
      ffff80000851e008 B __bss_start
      ffff80000851e008 D _edata
      ffff80000858b580 B __bss_stop
      ffff800008590000 B _end
      """
    let symbols = try #require(KernelSymbols(systemMap: Array(text.utf8)))
    #expect(symbols.sections.map(\.name) == [".text", ".rodata", ".init", ".data", ".bss"])
    #expect(symbols.sections[1].range.end == VirtualAddress(0xffff_8000_083c_0000))
    #expect(symbols.symbol(of: VirtualAddress(0xffff_8000_0801_0804))?.name == "vectors")
    #expect(symbols.symbol(of: VirtualAddress(0xffff_8000_0801_0004))?.name == "_stext")
    #expect(symbols.symbol(of: VirtualAddress(0xffff_8000_0859_0000)) == nil)
    #expect(symbols.symbol(of: VirtualAddress(0xffff_0000_0000_0000)) == nil)
    #expect(KernelSymbols(systemMap: Array("no map\n".utf8)) == nil)
  }
}

/// A generator whose runs can be repeated by their seed.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
