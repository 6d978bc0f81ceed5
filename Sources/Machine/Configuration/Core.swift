package import MemoryTypes

/// A preset of `--core`: the CPU that QEMU runs, what it can do, and what is hidden of it.
///
/// What a core can do is taken from the ID registers of QEMU 7.2's models (ID_AA64MMFR0
/// and 1), which are the cores' own. SVE, pointer authentication and memory tagging are switched off where
/// a core has them: the kernel does not switch their state.
package struct Core: Equatable, Sendable {
  package var name: String
  /// The argument of QEMU's `-cpu`.
  package var emulatorCPU: String
  /// The page sizes that its MMU translates.
  package var pageSizes: [PageSize]
  /// Whether it can set access flags and dirty state by itself (FEAT_HAFDBS).
  package var hasHardwareAccessAndDirty: Bool
  /// Whether it has 52-bit virtual addresses on 64K pages (FEAT_LVA), and on 4K and 16K
  /// (FEAT_LPA2).
  package var hasLargeAddresses: Bool
  /// The bits of a physical address.
  package var physicalBits: UInt64

  package static let all: [Core] = [
    Core(
      name: "neoverse-n1", emulatorCPU: "neoverse-n1", pageSizes: PageSize.all,
      hasHardwareAccessAndDirty: true, hasLargeAddresses: false, physicalBits: 48),
    Core(
      name: "cortex-a35", emulatorCPU: "cortex-a35", pageSizes: PageSize.all,
      hasHardwareAccessAndDirty: false, hasLargeAddresses: false, physicalBits: 40),
    Core(
      name: "cortex-a53", emulatorCPU: "cortex-a53", pageSizes: [.fourKiB, .sixtyFourKiB],
      hasHardwareAccessAndDirty: false, hasLargeAddresses: false, physicalBits: 40),
    Core(
      name: "cortex-a57", emulatorCPU: "cortex-a57", pageSizes: [.fourKiB, .sixtyFourKiB],
      hasHardwareAccessAndDirty: false, hasLargeAddresses: false, physicalBits: 44),
    Core(
      name: "cortex-a72", emulatorCPU: "cortex-a72", pageSizes: [.fourKiB, .sixtyFourKiB],
      hasHardwareAccessAndDirty: false, hasLargeAddresses: false, physicalBits: 44),
    Core(
      name: "cortex-a76", emulatorCPU: "cortex-a76", pageSizes: PageSize.all,
      hasHardwareAccessAndDirty: true, hasLargeAddresses: false, physicalBits: 40),
    Core(
      name: "max", emulatorCPU: "max,sve=off,sme=off,pauth=off", pageSizes: PageSize.all,
      hasHardwareAccessAndDirty: true, hasLargeAddresses: true, physicalBits: 52),
  ]

  /// The default: a server core that has every page size.
  package static let neoverseN1 = all[0]

  /// The preset of that name.
  package init(named name: String) throws(MachineError) {
    guard let core = Self.all.first(where: { $0.name == name }) else {
      throw .usage(
        "there is no core '\(name)'",
        hint: "--core is one of \(Self.all.map(\.name).joined(separator: ", "))")
    }
    self = core
  }

  /// The preset's fields as they are.
  init(
    name: String, emulatorCPU: String, pageSizes: [PageSize], hasHardwareAccessAndDirty: Bool,
    hasLargeAddresses: Bool, physicalBits: UInt64
  ) {
    self.name = name
    self.emulatorCPU = emulatorCPU
    self.pageSizes = pageSizes
    self.hasHardwareAccessAndDirty = hasHardwareAccessAndDirty
    self.hasLargeAddresses = hasLargeAddresses
    self.physicalBits = physicalBits
  }
}
