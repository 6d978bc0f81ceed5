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
  /// What pages go to when RAM is full; nil for four times the RAM.
  package var swap: ByteCount?
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

  /// The swap area's size: a replay ends for want of memory only when that is full, too.
  ///
  /// The kernel has four bytes of RAM for each of its pages.
  var swapSize: ByteCount {
    let ram = banks.reduce(ByteCount.zero) { $0 + ($1.upperBound - $1.lowerBound) }
    let size = swap ?? min(ByteCount(ram.rawValue * 4), .gibibytes(64))
    return ByteCount(size.rawValue & ~(translation.pageSize.bytes.rawValue - 1))
  }

  /// Whether a trace's own tables are those of this machine.
  package func isMachine(_ machine: TracedMachine) -> Bool {
    machine.geometry == translation
      && machine.hasHardwareAccessAndDirty == hasHardwareAccessAndDirty
  }
}
