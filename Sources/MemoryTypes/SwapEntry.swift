/// The name of a page that is on a swap device: which area, and which page of it (`swp_entry_t`).
///
/// Page 0 of every area is its header, so no entry is 0.
public struct SwapEntry: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  /// The offset, and above its 50 bits the area's number.
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public init(area: Int, offset: UInt64) {
    rawValue = UInt64(truncatingIfNeeded: area) &<< Self.offsetBits | offset
  }

  /// The number of the area (`swp_type()`).
  @inlinable public var area: Int { Int(truncatingIfNeeded: rawValue &>> Self.offsetBits) }

  /// The page of the area (`swp_offset()`).
  @inlinable public var offset: UInt64 { rawValue & (1 &<< Self.offsetBits &- 1) }

  /// The bits of an offset, and of an area's number: what a page-table entry of arm64 has for them
  /// (`__SWP_OFFSET_BITS`, `__SWP_TYPE_BITS`).
  @inlinable public static var offsetBits: UInt64 { 50 }
  @inlinable public static var areaBits: UInt64 { 5 }
}
