public import MemoryTypes

/// A translation table descriptor: the 64 bits that the MMU reads, and Linux's use of the rest.
///
/// Terms (Arm ARM D8.3). An *invalid* descriptor has bit 0 clear and ends a walk with a
/// translation fault; software may keep what it likes in the other 63 bits. A *table* descriptor
/// points to the next level's table; a *block* maps a range above the last level, a *page* maps one
/// page at level 3. What bit 1 means depends on the level, so a descriptor is only understood
/// together with the level it was found at (``kind(at:in:)``).
///
/// ```
///  63  59 58 57 56 55  54  53 52 51 50        47                  12 11 10 9:8 7:6 5 4:2 1 0
///  table  PN DM SP SD UXN PXN CO DBM GP    output address            nG AF  SH  AP NS Attr T V
///  attrs  └─ software ─┘
/// ```
///
/// The software bits are Linux's (arch/arm64/include/asm/pgtable-prot.h): SD is PTE_DIRTY, SP
/// PTE_SPECIAL, DM PTE_DEVMAP, PN PTE_PROT_NONE, which makes an invalid descriptor *present*: the
/// page is there, nobody may touch it. PTE_WRITE is DBM: "may be written", whether or not the
/// descriptor lets a write through at this moment.
///
/// Invariant for what is mapped writable: with AP[2] (read-only) set the page is clean as far as
/// the hardware knows; a write clears AP[2], by the CPU itself where it has FEAT_HAFDBS, by a
/// permission fault otherwise. So *dirty* = software dirty, or DBM and not AP[2].
public struct Descriptor: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The descriptor that maps nothing and remembers nothing (Linux's `pte_none`).
  @inlinable public static var none: Self { Self(0) }

  /// A page descriptor for a frame (Linux's `pfn_pte`); `protection` holds the type bits.
  @inlinable public init(
    page frame: PageFrameNumber, _ protection: Attributes, in geometry: TranslationGeometry
  ) {
    self.init(output: frame.address(geometry.pageSize), protection, in: geometry)
  }

  /// A block descriptor: as a page descriptor, without the bit that says page (`pte_mkhuge`).
  @inlinable public init(
    block address: PhysicalAddress, _ protection: Attributes, in geometry: TranslationGeometry
  ) {
    self.init(output: address, protection.subtracting(.tableBit), in: geometry)
  }

  /// A descriptor that points to the next level's table.
  @inlinable public init(
    table frame: PageFrameNumber, _ attributes: TableAttributes = [],
    in geometry: TranslationGeometry
  ) {
    self.init(
      output: frame.address(geometry.pageSize), Attributes(rawValue: attributes.rawValue | 0b11),
      in: geometry)
  }

  /// Bit 0: the MMU will use it (Linux's `pte_valid`).
  @inlinable public var isValid: Bool { rawValue & 1 != 0 }

  /// All 64 bits are zero (Linux's `pte_none`).
  @inlinable public var isNone: Bool { rawValue == 0 }

  /// A page is mapped here, be it that nobody may touch it (Linux's `pte_present`).
  @inlinable public var isPresent: Bool {
    rawValue & (Attributes.valid.rawValue | Attributes.protNone.rawValue) != 0
  }

  /// Whether, above level 3, it points to a table: both low bits.
  @inlinable public var isTable: Bool { rawValue & 0b11 == 0b11 }

  /// The bits that are not the output address, as page and block descriptors use them.
  @inlinable public func attributes(in geometry: TranslationGeometry) -> Attributes {
    Attributes(rawValue: rawValue & ~geometry.outputAddressMask)
  }
}
