import MemoryTypes

/// Memory that module code will run in: bytes to write now, and the address that the code will find
/// them at.
///
/// On the board the two are the same; on the host the address is a claim.
@safe public struct ModuleArea: BitwiseCopyable {
  // SAFETY: the allocator of the area keeps the bytes until it is freed.
  public let bytes: UnsafeMutableRawBufferPointer
  public let address: UInt64

  @unsafe public init(_ bytes: UnsafeMutableRawBufferPointer, address: UInt64) {
    unsafe self.bytes = bytes
    self.address = address
  }

  public var size: UInt64 { unsafe UInt64(bytes.count) }

  /// Whether so many bytes at an address are all part of it.
  public func contains(_ address: UInt64, _ length: UInt64 = 1) -> Bool {
    let offset = address &- self.address
    return offset <= size && length <= size &- offset
  }

  func load<T: BitwiseCopyable>(_ address: UInt64, _ type: T.Type = T.self) -> T {
    precondition(contains(address, UInt64(MemoryLayout<T>.size)))
    return unsafe bytes.loadUnaligned(
      fromByteOffset: Int(truncatingIfNeeded: address &- self.address), as: T.self)
  }

  func store<T: BitwiseCopyable>(_ value: T, _ address: UInt64) {
    precondition(contains(address, UInt64(MemoryLayout<T>.size)))
    unsafe bytes.storeBytes(
      of: value, toByteOffset: Int(truncatingIfNeeded: address &- self.address), as: T.self)
  }
}
