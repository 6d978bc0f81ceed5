public import MemoryTypes

/// The shape of translation: how an address falls into table indices and an offset.
///
/// A table fills one page with 8-byte descriptors, so it resolves `pageSize.shift - 3` bits. The
/// bits between the offset and the top of the address, divided by that and rounded up, are the
/// number of levels; the walk ends at level 3, so it begins at level `4 - levels` (-1 with five;
/// Arm ARM D8.2). The first table may resolve fewer bits than a full one.
public struct TranslationGeometry: BitwiseCopyable, Hashable, Sendable {
  public let pageSize: PageSize
  /// The bits of a virtual address that are translated.
  public let vaBits: UInt64
  /// Whether output addresses have 52 bits: FEAT_LPA on 64K, FEAT_LPA2 (`TCR.DS`) on 4K and 16K.
  public let hasLargeOutput: Bool

  /// The level of the first table: -1 with five levels, 0 with four, and so on.
  public let startLevel: Int
  /// The position of the lowest address bit that the first table resolves (Linux's `PGDIR_SHIFT`).
  public let startShift: UInt64
  /// The page shift where the fast walk of a page table may be used, 0 otherwise: output addresses
  /// have 48 bits and, on 4K, the first table is full (as with 39 and 48 VA bits).
  @usableFromInline let plainShift: UInt64

  /// The bits that a full table resolves.
  @inlinable public var bitsPerLevel: UInt64 { pageSize.shift &- 3 }

  /// The number of tables on the way to a page, 2 to 5.
  @inlinable public var levels: Int { 4 &- startLevel }

  /// The position of the lowest address bit that a table at `level` resolves.
  @inline(__always) @inlinable public func shift(at level: Int) -> UInt64 {
    pageSize.shift &+ bitsPerLevel &* UInt64(3 &- level)
  }

  /// The number of descriptors in a table at `level`; fewer than a page holds only at the start.
  @inlinable public func entries(at level: Int) -> Int {
    level == startLevel ? 1 &<< Int(vaBits &- shift(at: level)) : 1 &<< Int(bitsPerLevel)
  }

  /// The index of the descriptor for `address` in a table at `level`.
  ///
  /// Bits above the translated ones say nothing, so that both halves index alike, and a first table
  /// that is not full gets no index beyond its end.
  @inline(__always) @inlinable public func index(of address: VirtualAddress, at level: Int) -> Int {
    let translated = address.rawValue & ((1 &<< vaBits) &- 1)
    return Int((translated &>> shift(at: level)) & ((1 &<< bitsPerLevel) &- 1))
  }

  /// The bytes of address space that one descriptor at `level` covers.
  @inlinable public func coverage(at level: Int) -> ByteCount {
    ByteCount(1 &<< shift(at: level))
  }

  /// The geometry Linux would use, or nil where the architecture has none with these numbers.
  ///
  /// 52 bits need FEAT_LVA on 64K pages and FEAT_LPA2 on 4K and 16K.
  public init?(pageSize: PageSize, vaBits: UInt64, hasLargeOutput: Bool = false) {
    guard vaBits >= pageSize.shift &+ (pageSize.shift &- 3) &+ 1, vaBits <= 52 else { return nil }
    if vaBits > 48 && pageSize != .sixtyFourKiB && !hasLargeOutput { return nil }
    self.pageSize = pageSize
    self.vaBits = vaBits
    self.hasLargeOutput = hasLargeOutput
    let bitsPerLevel = pageSize.shift &- 3
    let levels = (vaBits &- pageSize.shift &+ bitsPerLevel &- 1) / bitsPerLevel
    startLevel = 4 &- Int(levels)
    startShift = pageSize.shift &+ bitsPerLevel &* (levels &- 1)
    let isFull = startShift &+ bitsPerLevel == vaBits
    plainShift = hasLargeOutput || pageSize == .fourKiB && !isFull ? 0 : pageSize.shift
  }
}
