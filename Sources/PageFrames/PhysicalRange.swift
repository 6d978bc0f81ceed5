public import MemoryTypes

/// A range of physical addresses, the end not in it.
public struct PhysicalRange: BitwiseCopyable, Hashable, Sendable {
  public var start: PhysicalAddress
  public var end: PhysicalAddress

  /// The range between two addresses; empty where they are out of order.
  @inlinable public init(start: PhysicalAddress, end: PhysicalAddress) {
    self.start = start
    self.end = max(start, end)
  }

  /// The range from an address on; it ends at the top of the address space at the latest.
  @inlinable public init(start: PhysicalAddress, length: ByteCount) {
    let (end, overflow) = start.rawValue.addingReportingOverflow(length.rawValue)
    self.init(start: start, end: PhysicalAddress(overflow ? .max : end))
  }

  @inlinable public var length: ByteCount { end - start }
  @inlinable public var isEmpty: Bool { start == end }

  @inlinable public func contains(_ address: PhysicalAddress) -> Bool {
    start <= address && address < end
  }

  /// The part of both; empty where they do not meet.
  @inlinable public func intersection(_ other: Self) -> Self {
    Self(start: max(start, other.start), end: min(end, other.end))
  }
}
