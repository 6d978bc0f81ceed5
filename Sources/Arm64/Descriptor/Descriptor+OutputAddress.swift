public import MemoryTypes

/// Where the output address lies in a descriptor (Arm ARM D8.3.1). Three formats:
///
/// | format | when | address bits in place | the others |
/// |---|---|---|---|
/// | 48 bits | always | 47:page | – |
/// | FEAT_LPA | 64K, TCR.IPS = 52 bits | 47:16 | 51:48 in 15:12 |
/// | FEAT_LPA2 | 4K and 16K, TCR.DS | 49:page | 51:50 in 9:8 |
///
/// LPA2 takes the place of SH: the shareability of the whole half then stands in TCR.SH0 and SH1,
/// and whatever attributes say about it is left out of the descriptor.
extension Descriptor {
  /// Puts an output address and attributes together; attributes give way where formats overlap.
  @inlinable public init(
    output address: PhysicalAddress, _ attributes: Attributes, in geometry: TranslationGeometry
  ) {
    if geometry.hasLargeOutput {
      rawValue = Self.large(address.rawValue, attributes.rawValue, geometry.pageSize)
    } else {
      rawValue = address.rawValue | attributes.rawValue
    }
  }

  /// The output address: of the next table, or of the first byte that is mapped.
  ///
  /// Below the size of a block the address bits of a block descriptor are zero (or, for level 1
  /// and 0 blocks, nT and reserved), so that a block needs ``output(at:in:)``.
  @inlinable public func output(in geometry: TranslationGeometry) -> PhysicalAddress {
    if geometry.hasLargeOutput { return PhysicalAddress(largeOutput(geometry.pageSize)) }
    return PhysicalAddress(rawValue & 0x0000_ffff_ffff_f000 & ~geometry.pageSize.offsetMask)
  }

  /// The frame of a page descriptor, or of the table that a table descriptor points to
  /// (Linux's `pte_pfn`).
  @inlinable public func frame(in geometry: TranslationGeometry) -> PageFrameNumber {
    if geometry.hasLargeOutput {
      return PageFrameNumber(largeOutput(geometry.pageSize) &>> geometry.pageSize.shift)
    }
    return PageFrameNumber((rawValue & 0x0000_ffff_ffff_ffff) &>> geometry.pageSize.shift)
  }

  /// The output address of a block or page found at `level`: no bits below the mapping's size.
  @inlinable public func output(at level: Int, in geometry: TranslationGeometry) -> PhysicalAddress
  {
    output(in: geometry).alignedDown(to: geometry.coverage(at: level))
  }

  @inline(never) @usableFromInline
  static func large(_ address: UInt64, _ attributes: UInt64, _ size: PageSize) -> UInt64 {
    size == .sixtyFourKiB
      ? (address & 0x0000_ffff_ffff_0000) | ((address &>> 36) & 0xf000) | attributes
      : (address & (1 &<< 50 &- 1)) | ((address &>> 42) & 0x300) | (attributes & ~0x300)
  }

  @inline(never) @usableFromInline
  func largeOutput(_ size: PageSize) -> UInt64 {
    size == .sixtyFourKiB
      ? (rawValue & 0x0000_ffff_ffff_0000) | ((rawValue & 0xf000) &<< 36)
      : (rawValue & (1 &<< 50 &- 1) & ~size.offsetMask) | ((rawValue & 0x300) &<< 42)
  }
}

extension TranslationGeometry {
  /// The bits of a page descriptor that hold its output address.
  @inlinable public var outputAddressMask: UInt64 {
    let inPlace = 0x0000_ffff_ffff_ffff & ~pageSize.offsetMask
    guard hasLargeOutput else { return inPlace }
    return pageSize == .sixtyFourKiB ? inPlace | 0xf000 : inPlace | 3 &<< 48 | 0x300
  }

  /// The bits that an output address can have in a descriptor: 48 or 52.
  @inlinable public var outputBits: UInt64 { hasLargeOutput ? 52 : 48 }
}
