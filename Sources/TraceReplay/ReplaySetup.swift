package import Arm64
package import HardwareModel
package import MemoryTraces
package import MemoryTypes

/// The machine and the core that traces are replayed on.
package struct ReplaySetup: Sendable {
  package var translation: TranslationGeometry
  package var hasHardwareAccessAndDirty: Bool
  /// In order, from 0x4000_0000 on.
  package var banks: [Range<PhysicalAddress>]
  package var core: CoreGeometry
  /// The accesses after which the next of several processes runs.
  package var quantum: UInt64 = 1_000_000

  package init(
    translation: TranslationGeometry, hasHardwareAccessAndDirty: Bool,
    banks: [Range<PhysicalAddress>], core: CoreGeometry
  ) {
    self.translation = translation
    self.hasHardwareAccessAndDirty = hasHardwareAccessAndDirty
    self.banks = banks
    self.core = core
  }

  /// Whether a trace's own tables are those of this machine.
  package func isMachine(_ machine: TracedMachine) -> Bool {
    machine.geometry == translation
      && machine.hasHardwareAccessAndDirty == hasHardwareAccessAndDirty
  }
}
