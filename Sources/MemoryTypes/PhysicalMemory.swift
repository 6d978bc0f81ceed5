/// RAM as the kernel reaches it: bytes at physical addresses, through the linear map.
///
/// On the board the linear map is an offset added to the address; on the host it is an offset into
/// one sparse mapping. Only addresses of RAM may be asked for; what is RAM is known to whoever
/// keeps the frames.
public protocol PhysicalMemory: BitwiseCopyable {
  /// The byte at a physical address, in the linear map.
  func pointer(to address: PhysicalAddress) -> UnsafeMutableRawPointer

  /// The physical address under a pointer into the linear map.
  func physicalAddress(of pointer: UnsafeRawPointer) -> PhysicalAddress

  /// Fills whole pages with zeros.
  func clearPages(at address: PhysicalAddress, _ count: PageCount, _ size: PageSize)

  /// Copies one page.
  func copyPage(from source: PhysicalAddress, to target: PhysicalAddress, _ size: PageSize)
}

extension PhysicalMemory {
  /// Reads a value at its natural alignment.
  @inlinable public func load<T: BitwiseCopyable>(
    _ type: T.Type = T.self, at address: PhysicalAddress
  ) -> T {
    // SAFETY: the caller's address is RAM, and aligned for T.
    unsafe pointer(to: address).load(as: T.self)
  }

  /// Writes a value at its natural alignment.
  @inlinable public func store<T: BitwiseCopyable>(_ value: T, at address: PhysicalAddress) {
    // SAFETY: the caller's address is RAM, and aligned for T.
    unsafe pointer(to: address).storeBytes(of: value, as: T.self)
  }
}
