/// The number of a page frame: its physical address divided by the page size.
public struct PageFrameNumber: RawRepresentable, BitwiseCopyable, Hashable, Comparable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The frame that holds a physical address.
  @inlinable public init(containing address: PhysicalAddress, _ size: PageSize) {
    rawValue = address.rawValue &>> size.shift
  }

  /// The address of the frame's first byte.
  @inlinable public func address(_ size: PageSize) -> PhysicalAddress {
    PhysicalAddress(rawValue &<< size.shift)
  }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  @inlinable public static func + (a: Self, n: PageCount) -> Self {
    Self(a.rawValue &+ n.rawValue)
  }
  @inlinable public static func - (a: Self, n: PageCount) -> Self {
    Self(a.rawValue &- n.rawValue)
  }
  @inlinable public static func - (a: Self, b: Self) -> PageCount {
    PageCount(a.rawValue &- b.rawValue)
  }
  @inlinable public static func += (a: inout Self, n: PageCount) { a.rawValue &+= n.rawValue }

  /// The other half of the block of twice the size that this block belongs to.
  ///
  /// The two differ in the one bit that the order names, so `buddy(buddy(x)) == x`.
  @inlinable public func buddy(_ order: Order) -> Self { Self(rawValue ^ (1 &<< order.rawValue)) }

  /// Whether a block of this order may begin here.
  @inlinable public func isAligned(to order: Order) -> Bool {
    rawValue & ((1 &<< order.rawValue) &- 1) == 0
  }
}

/// The base-2 logarithm of a block's size in frames.
public struct Order: RawRepresentable, BitwiseCopyable, Hashable, Comparable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public static var zero: Self { Self(0) }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  @inlinable public static func + (a: Self, n: UInt64) -> Self { Self(a.rawValue &+ n) }
  @inlinable public static func - (a: Self, n: UInt64) -> Self { Self(a.rawValue &- n) }

  /// The frames of a block of this order.
  @inlinable public var pages: PageCount { PageCount(1 &<< rawValue) }

  /// The least order whose block holds that many frames; zero for none or one.
  @inlinable public init(holding pages: PageCount) {
    rawValue =
      pages.rawValue <= 1 ? 0 : UInt64(64 &- (pages.rawValue &- 1).leadingZeroBitCount)
  }
}

/// An address space identifier: the tag that keeps TLB entries of different processes apart.
public struct ASID: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt16

  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt16) { self.rawValue = rawValue }
}
