/// What a C library finds below itself: memory by the word, and the kernel's calls for more of it.
///
/// Addresses are the program's. Lengths and addresses of the calls are multiples of the page size
/// wherever glibc makes them so; what it passes is passed on unchanged.
///
/// The two that every step of the allocator goes through do not throw: a witness with a typed error
/// is called through the table even where its type is known, if it comes from another module (Swift
/// 6.3), which took half the speed.
public protocol HeapMemory: ~Copyable {
  /// What lies at an address; nil where the program itself could not read it.
  func load<Value: FixedWidthInteger & BitwiseCopyable>(
    at address: UInt64, as type: Value.Type
  ) -> Value?
  /// False where the program itself could not write there.
  mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(
    _ value: Value, at address: UInt64
  ) -> Bool
  /// So many bytes, at most 4,096, from an address on, if this process can read and write them as
  /// they are; nil where it cannot, or where more is to be done at an access.
  func span(at address: UInt64, _ length: UInt64) -> HeapSpan?
  /// As `memset` does.
  mutating func fill(at address: UInt64, length: UInt64, with value: UInt8) throws(HeapAbort)
  /// As `memcpy` does: the two do not overlap.
  mutating func copy(
    from source: UInt64, to destination: UInt64, length: UInt64
  ) throws(HeapAbort)

  /// Whether the program could read there; asked before a wild pointer is called invalid, so a memory
  /// whose reads fault by themselves need not answer.
  func isAccessible(_ address: UInt64) -> Bool

  /// As the system call: the break after it, which is the old one where it failed; 0 asks.
  mutating func brk(_ address: UInt64) -> UInt64
  /// Anonymous and private; nil where it failed.
  ///
  /// The protection is read and write, or none.
  mutating func mmap(
    at hint: UInt64, length: UInt64, readWrite: Bool, flags: MapFlags
  ) -> UInt64?
  mutating func munmap(at address: UInt64, length: UInt64)
  /// With `MREMAP_MAYMOVE`; nil where it failed.
  mutating func mremap(at address: UInt64, length: UInt64, newLength: UInt64) -> UInt64?
  /// To read and write; false where it failed.
  mutating func mprotect(at address: UInt64, length: UInt64) -> Bool
  mutating func madvise(at address: UInt64, length: UInt64, _ advice: HeapAdvice)
}

/// An access that the program itself could not make throws `HeapAbort.fault`.
extension HeapMemory where Self: ~Copyable {
  @inlinable @inline(__always) public func word(at address: UInt64) throws(HeapAbort) -> UInt64 {
    guard let value = load(at: address, as: UInt64.self) else { throw .fault(address) }
    return value
  }
  @inlinable @inline(__always) public func half(at address: UInt64) throws(HeapAbort) -> UInt32 {
    guard let value = load(at: address, as: UInt32.self) else { throw .fault(address) }
    return value
  }
  @inlinable @inline(__always) public func short(at address: UInt64) throws(HeapAbort) -> UInt16 {
    guard let value = load(at: address, as: UInt16.self) else { throw .fault(address) }
    return value
  }
  @inlinable @inline(__always) public func byte(at address: UInt64) throws(HeapAbort) -> UInt8 {
    guard let value = load(at: address, as: UInt8.self) else { throw .fault(address) }
    return value
  }
  @inlinable @inline(__always)
  public mutating func setWord(at address: UInt64, to value: UInt64) throws(HeapAbort) {
    guard store(value, at: address) else { throw .fault(address) }
  }
  @inlinable @inline(__always)
  public mutating func setHalf(at address: UInt64, to value: UInt32) throws(HeapAbort) {
    guard store(value, at: address) else { throw .fault(address) }
  }
  @inlinable @inline(__always)
  public mutating func setShort(at address: UInt64, to value: UInt16) throws(HeapAbort) {
    guard store(value, at: address) else { throw .fault(address) }
  }
  @inlinable @inline(__always)
  public mutating func setByte(at address: UInt64, to value: UInt8) throws(HeapAbort) {
    guard store(value, at: address) else { throw .fault(address) }
  }

  @inlinable public func span(at address: UInt64, _ length: UInt64) -> HeapSpan? { nil }

  public func isAccessible(_ address: UInt64) -> Bool { true }
}

/// The flags of `mmap` beyond `MAP_ANONYMOUS | MAP_PRIVATE`, by their numbers on Linux.
public struct MapFlags: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static var fixed: MapFlags { MapFlags(rawValue: 0x10) }
  public static var noReserve: MapFlags { MapFlags(rawValue: 0x4000) }
  /// With the logarithm of the page size from bit 26 on.
  public static var hugeTLB: MapFlags { MapFlags(rawValue: 0x40000) }
}

/// What the allocator tells the kernel of a range, by the numbers of `madvise`.
public enum HeapAdvice: Int32, Sendable {
  case dontNeed = 4
  case hugePage = 14
}
