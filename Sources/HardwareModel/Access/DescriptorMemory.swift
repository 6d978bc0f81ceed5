import HostPrefetch
public import MemoryTypes

/// The physical memory that walks read descriptors from: one mapping of the board's RAM.
///
/// The mapping belongs to whoever made it, and must outlive every model that walks it.
@safe public struct DescriptorMemory: @unchecked Sendable {
  private let base: UnsafeRawPointer
  /// The physical addresses that are there.
  public let range: Range<PhysicalAddress>

  /// `base` is where `range` begins.
  ///
  /// SAFETY: the caller promises that all of the range is mapped there.
  @unsafe public init(_ base: UnsafeRawPointer, _ range: Range<PhysicalAddress>) {
    unsafe self.base = base
    self.range = range
  }

  /// The 8 bytes at an address, or nil where there is no memory.
  @inline(__always) public func descriptor(at address: UInt64) -> UInt64? {
    let offset = address &- range.lowerBound.rawValue
    let length = range.upperBound.rawValue &- range.lowerBound.rawValue
    guard length >= 8, offset <= length &- 8 else { return nil }
    return unsafe base.load(fromByteOffset: Int(offset & ~7), as: UInt64.self)
  }

  /// The 8 bytes at an address, or nil where there is no memory.
  public func word(at address: PhysicalAddress) -> UInt64? { descriptor(at: address.rawValue) }

  /// Has the host fetch a descriptor, if there is memory.
  @inline(__always) func prefetch(_ address: UInt64) {
    let offset = address &- range.lowerBound.rawValue
    guard offset < range.upperBound.rawValue &- range.lowerBound.rawValue else { return }
    unsafe prefetchLine(base + Int(offset))
  }
}
