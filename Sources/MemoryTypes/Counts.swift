/// A number of bytes.
public struct ByteCount: RawRepresentable, BitwiseCopyable, Hashable, Comparable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public static var zero: Self { Self(0) }
  @inlinable public static func kibibytes(_ n: UInt64) -> Self { Self(n &<< 10) }
  @inlinable public static func mebibytes(_ n: UInt64) -> Self { Self(n &<< 20) }
  @inlinable public static func gibibytes(_ n: UInt64) -> Self { Self(n &<< 30) }

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  @inlinable public static func + (a: Self, b: Self) -> Self { Self(a.rawValue &+ b.rawValue) }
  @inlinable public static func - (a: Self, b: Self) -> Self { Self(a.rawValue &- b.rawValue) }
  @inlinable public static func += (a: inout Self, b: Self) { a.rawValue &+= b.rawValue }
  @inlinable public static func -= (a: inout Self, b: Self) { a.rawValue &-= b.rawValue }

  /// The whole pages in it, the rest dropped.
  @inlinable public func wholePages(of size: PageSize) -> PageCount {
    PageCount(rawValue &>> size.shift)
  }

  /// The pages it takes to hold that many bytes.
  @inlinable public func pagesNeeded(of size: PageSize) -> PageCount {
    PageCount((rawValue &>> size.shift) &+ (rawValue & size.offsetMask == 0 ? 0 : 1))
  }

  /// The least multiple of the page size that holds it; wraps above the last page.
  @inlinable public func alignedUp(to size: PageSize) -> Self {
    Self((rawValue &+ size.offsetMask) & ~size.offsetMask)
  }

  @inlinable public var kibibytes: UInt64 { rawValue &>> 10 }
}

/// A number of pages, or of frames.
public struct PageCount: RawRepresentable, BitwiseCopyable, Hashable, Comparable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public static var zero: Self { Self(0) }
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  @inlinable public static func + (a: Self, b: Self) -> Self { Self(a.rawValue &+ b.rawValue) }
  @inlinable public static func - (a: Self, b: Self) -> Self { Self(a.rawValue &- b.rawValue) }
  @inlinable public static func += (a: inout Self, b: Self) { a.rawValue &+= b.rawValue }
  @inlinable public static func -= (a: inout Self, b: Self) { a.rawValue &-= b.rawValue }

  @inlinable public func bytes(of size: PageSize) -> ByteCount {
    ByteCount(rawValue &<< size.shift)
  }
}
