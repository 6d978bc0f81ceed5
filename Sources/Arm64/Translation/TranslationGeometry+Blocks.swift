public import MemoryTypes

/// What may be mapped at once: blocks and contiguous runs.
extension TranslationGeometry {
  /// Whether a descriptor at `level` may be a block (Arm ARM, `AArch64.BlockDescSupported`).
  ///
  /// 52-bit output addresses allow one level more than there was before them.
  @inlinable public func allowsBlocks(at level: Int) -> Bool {
    switch level {
    case 2: true
    case 1: pageSize == .fourKiB || hasLargeOutput
    case 0: pageSize == .fourKiB && hasLargeOutput
    default: false
    }
  }

  /// Whether Linux maps blocks at `level`: its section and, on 4K, 1 GiB (`pud_sect_supported`).
  @inlinable public func mapsBlocks(at level: Int) -> Bool {
    (level == 2 || level == 1 && pageSize == .fourKiB) && level >= startLevel
  }

  /// The entries of a contiguous run at `level` (Arm ARM D8.6.1, `CONT_PTES` and `CONT_PMDS`).
  @inlinable public func contiguousEntries(at level: Int) -> Int {
    switch pageSize {
    case .fourKiB: 16
    case .sixteenKiB: level == 3 ? 128 : 32
    default: 32
    }
  }

  /// The bytes of a contiguous run at `level` (`CONT_PTE_SIZE`, `CONT_PMD_SIZE`).
  @inlinable public func contiguousCoverage(at level: Int) -> ByteCount {
    ByteCount(coverage(at: level).rawValue &* UInt64(contiguousEntries(at: level)))
  }
}
