package import Arm64
package import MemoryTypes
package import TraceFiles

/// The machine that a trace of our own was recorded on, as its facts tell it.
package struct TracedMachine: Equatable, Sendable {
  package var geometry: TranslationGeometry
  /// The bits that an output address may have.
  package var outputBits: UInt64
  package var hasHardwareAccessAndDirty: Bool
  /// The physical addresses among which all tables lie.
  package var ram: Range<PhysicalAddress>
  /// The core that was modelled, empty where none was.
  package var core: String

  package init(
    geometry: TranslationGeometry, outputBits: UInt64? = nil, hasHardwareAccessAndDirty: Bool,
    ram: Range<PhysicalAddress>, core: String = ""
  ) {
    self.geometry = geometry
    self.outputBits = outputBits ?? geometry.outputBits
    self.hasHardwareAccessAndDirty = hasHardwareAccessAndDirty
    self.ram = ram
    self.core = core
  }

  /// What a trace begins with.
  package var facts: [TraceFact] {
    func hex(_ address: PhysicalAddress) -> String { "0x" + String(address.rawValue, radix: 16) }
    return [
      TraceFact("page-size", String(geometry.pageSize.bytes.rawValue)),
      TraceFact("va-bits", String(geometry.vaBits)),
      TraceFact("large-output", geometry.hasLargeOutput ? "1" : "0"),
      TraceFact("output-bits", String(outputBits)),
      TraceFact("hardware-dirty", hasHardwareAccessAndDirty ? "1" : "0"),
      TraceFact("ram", "\(hex(ram.lowerBound)) \(hex(ram.upperBound))"),
    ] + (core.isEmpty ? [] : [TraceFact("core", core)])
  }

  /// Takes the facts of a trace; nil where they tell no machine that there can be.
  package init?(_ facts: [TraceFact]) {
    func value(_ name: String) -> String? { facts.first { $0.name == name }?.value }
    func number(_ name: String) -> UInt64? { value(name).flatMap { UInt64($0) } }
    guard let bytes = number("page-size"), let bits = number("va-bits"),
      let size = [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB].first(where: {
        $0.bytes.rawValue == bytes
      }),
      let geometry = TranslationGeometry(
        pageSize: size, vaBits: bits, hasLargeOutput: number("large-output") == 1)
    else { return nil }
    let ends = value("ram")?.split(separator: " ").compactMap { word in
      word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : nil
    }
    let page = size.bytes.rawValue
    // No machine has more: its mapping is only reserved, but there has to be room for it.
    guard let ends, ends.count == 2, ends[0] < ends[1], ends[1] <= 1 << 52,
      ends[1] - ends[0] <= 1 << 42, ends[0] % page == 0, ends[1] % page == 0
    else { return nil }
    let output = number("output-bits") ?? geometry.outputBits
    guard (32...52).contains(output) else { return nil }
    self.init(
      geometry: geometry, outputBits: output,
      hasHardwareAccessAndDirty: number("hardware-dirty") == 1,
      ram: PhysicalAddress(ends[0])..<PhysicalAddress(ends[1]), core: value("core") ?? "")
  }

  /// The regime with two roots.
  package func regime(user: PhysicalAddress?, kernel: PhysicalAddress?) -> TranslationRegime {
    TranslationRegime(
      geometry: geometry, lowerRoot: user, upperRoot: kernel, outputBits: outputBits,
      hasHardwareAccessAndDirty: hasHardwareAccessAndDirty)
  }
}
