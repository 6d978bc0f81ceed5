/// An address in a virtual address space, all 64 bits of it: tag byte, sign extension, offset.
public struct VirtualAddress: RawRepresentable, BitwiseCopyable, Hashable, Comparable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// Orders addresses as unsigned numbers.
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// An address on the memory bus.
public struct PhysicalAddress: RawRepresentable, BitwiseCopyable, Hashable, Comparable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// Orders addresses as unsigned numbers.
  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// What virtual and physical addresses have in common: moving by bytes, distance, alignment.
///
/// Arithmetic wraps, as addresses do; a range check belongs to whoever knows the limits of the
/// space. `a - b` is the distance from `b` up to `a`.
public protocol Address: RawRepresentable, BitwiseCopyable, Hashable, Comparable, Sendable
where RawValue == UInt64 {
  init(_ rawValue: UInt64)
  var rawValue: UInt64 { get set }
}

extension VirtualAddress: Address {}
extension PhysicalAddress: Address {}

extension Address {
  /// The address `bytes` above.
  @inlinable public static func + (a: Self, bytes: ByteCount) -> Self {
    Self(a.rawValue &+ bytes.rawValue)
  }

  /// The address `bytes` below.
  @inlinable public static func - (a: Self, bytes: ByteCount) -> Self {
    Self(a.rawValue &- bytes.rawValue)
  }

  /// The bytes from `b` up to `a`.
  @inlinable public static func - (a: Self, b: Self) -> ByteCount {
    ByteCount(a.rawValue &- b.rawValue)
  }

  @inlinable public static func += (a: inout Self, bytes: ByteCount) {
    a.rawValue &+= bytes.rawValue
  }

  @inlinable public static func -= (a: inout Self, bytes: ByteCount) {
    a.rawValue &-= bytes.rawValue
  }

  /// The start of the page that holds this address.
  @inlinable public func alignedDown(to size: PageSize) -> Self {
    Self(rawValue & ~size.offsetMask)
  }

  /// The first page boundary at or above this address; wraps to zero above the last page.
  @inlinable public func alignedUp(to size: PageSize) -> Self {
    Self((rawValue &+ size.offsetMask) & ~size.offsetMask)
  }

  /// The last multiple of `alignment`, a power of two, at or below this address.
  @inlinable public func alignedDown(to alignment: ByteCount) -> Self {
    Self(rawValue & ~(alignment.rawValue &- 1))
  }

  /// The first multiple of `alignment`, a power of two, at or above this address.
  @inlinable public func alignedUp(to alignment: ByteCount) -> Self {
    Self((rawValue &+ (alignment.rawValue &- 1)) & ~(alignment.rawValue &- 1))
  }

  @inlinable public func isAligned(to size: PageSize) -> Bool {
    rawValue & size.offsetMask == 0
  }

  /// The distance from the start of the page to this address.
  @inlinable public func offset(in size: PageSize) -> ByteCount {
    ByteCount(rawValue & size.offsetMask)
  }
}
