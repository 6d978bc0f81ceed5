/// The size of a page, which on arm64 is the translation granule: 4, 16 or 64 KiB.
public struct PageSize: BitwiseCopyable, Hashable, Sendable {
  /// The base-2 logarithm of the size in bytes: 12, 14 or 16 (Linux's `PAGE_SHIFT`).
  public let shift: UInt64

  @inlinable init(uncheckedShift shift: UInt64) { self.shift = shift }

  @inlinable public static var fourKiB: PageSize { PageSize(uncheckedShift: 12) }
  @inlinable public static var sixteenKiB: PageSize { PageSize(uncheckedShift: 14) }
  @inlinable public static var sixtyFourKiB: PageSize { PageSize(uncheckedShift: 16) }

  /// The page size with that shift, or nil where arm64 has none.
  @inlinable public init?(shift: UInt64) {
    guard shift == 12 || shift == 14 || shift == 16 else { return nil }
    self.shift = shift
  }

  @inlinable public var bytes: ByteCount { ByteCount(1 &<< shift) }
  /// The bits of an address that lie within a page.
  @inlinable public var offsetMask: UInt64 { (1 &<< shift) &- 1 }
}
