import KernelHistory
import MemoryTypes
import Testing

@testable import Reports

/// What `kilburn layout` and `kilburn decode` say.
@Suite struct LayoutReportTests {
  static func map(_ version: KernelVersion, _ bits: UInt64, ram: UInt64? = nil) throws -> AddressMap
  {
    let configuration = try LayoutConfiguration(
      version: version, pageSize: .fourKiB, vaBits: bits)
    return try #require(
      AddressMap(
        configuration,
        ram: ram.map { PhysicalAddress(0x4000_0000)..<PhysicalAddress(0x4000_0000 + $0) }))
  }

  @Test func aTableTopToBottom() throws {
    let report = LayoutReport(try Self.map(KernelVersion(4, 14), 39, ram: 2 << 30))
    let lines = report.text(.plain)
    #expect(lines[0] == "Linux 4.14, 4K pages, 39 bits")
    #expect(
      lines[3...9].map { $0.split(separator: " ").prefix(4).joined(separator: " ") } == [
        "ffffffc080000000 ffffffffffffffff 254G gap",
        "ffffffc000000000 ffffffc07fffffff 2G memory",
        "ffffffbf00000000 ffffffbfffffffff 4G vmemmap",
        "ffffffbeffe00000 ffffffbeffffffff 2M gap",
        "ffffffbefee00000 ffffffbeffdfffff 16M PCI",
        "ffffffbefec00000 ffffffbefedfffff 2M gap",
        "ffffffbefe7fd000 ffffffbefebfffff 4108K fixmap",
      ])
    // Nothing is wider than the terminal in the drawing, and every region has its box.
    #expect(report.drawing.allSatisfy { $0.count <= 80 })
    #expect(
      report.drawing.filter { $0.contains("├") || $0.contains("┌") }.count
        == report.map.regions.count)
  }

  @Test func jsonAsPromised() throws {
    let text = """
      ffffff8008080000 T _text
      ffffff8008ce0000 D __start_rodata
      ffffff8008ce0000 D _etext
      ffffff80091e0000 T __init_begin
      ffffff8009680000 T __init_end
      ffffff8009680000 D _sdata
      ffffff8009865a00 D _edata
      ffffff8009865a00 B __bss_start
      ffffff800a472948 B __bss_stop
      ffffff800a480000 B _end
      """
    let report = LayoutReport(
      try Self.map(KernelVersion(4, 14), 39),
      symbols: KernelSymbols(systemMap: Array(text.utf8)))
    guard case .object(let members) = report.json, case .array(let regions) = members[0].value
    else {
      Issue.record("no regions")
      return
    }
    #expect(members[0].name == "regions")
    func texts(_ region: JSON) -> [String: String] {
      guard case .object(let members) = region else { return [:] }
      return .init(
        uniqueKeysWithValues: members.compactMap {
          if case .string(let text) = $0.value { ($0.name, text) } else { nil }
        })
    }
    let all = regions.map(texts)
    #expect(all.allSatisfy { Set($0.keys) == ["name", "start", "end", "size", "note"] })
    // The top of all addresses is 2^64.
    #expect(all.first?["end"] == "0x10000000000000000")
    #expect(all.last?["name"] == "user" && all.last?["start"] == "0x0000000000000000")
    // 4.14.68 in QEMU printed these sections.
    let text0 = try #require(all.first { $0["name"] == ".text" })
    #expect(text0["start"] == "0xffffff8008080000" && text0["end"] == "0xffffff8008ce0000")
    let names = all.compactMap { $0["name"] }
    let vmalloc = try #require(names.firstIndex(of: "vmalloc"))
    #expect(names[(vmalloc + 1)...(vmalloc + 5)] == [".bss", ".data", ".init", ".rodata", ".text"])
  }

  @Test func sizes() {
    #expect(ByteCount(0x403000).binary == "4108K")
    #expect(ByteCount(1 << 47).binary == "128T")
    #expect(ByteCount(0x7bff_e800_0000).binary == "123.9T")
    #expect(ByteCount(.max).binary == "15.9E")
    #expect(ByteCount(4096).binary == "4K")
  }

  @Test func aPicture() throws {
    let report = LayoutReport(try Self.map(KernelVersion(6, 12), 48))
    #expect(report.svg.hasPrefix("<svg xmlns="))
    #expect(report.svg.hasSuffix("</svg>\n"))
    #expect(report.svg.split(separator: "<rect").count == report.map.regions.count + 2)
  }
}
