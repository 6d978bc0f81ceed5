import MemoryTypes

/// What may be copied from and to user space (mm/slub.c: __check_heap_object()).
extension SlabAllocator {
  /// The part of an object that an address lies in.
  @safe public struct UserRegion {
    /// From the object's start to the address.
    public var offset: UInt64
    /// What of an object may be copied.
    public var start: UInt64
    public var length: UInt64
    /// The cache's.
    public var name: SlabName
  }

  /// Nil where no slab is.
  ///
  /// The address must be one of RAM, in the linear map.
  public func userRegion(at address: UnsafeRawPointer) -> UserRegion? {
    guard let (cache, slab) = unsafe slab(at: address) else { return nil }
    let start = UInt(bitPattern: unsafe cache.pointee.start(of: slab))
    let offset = UInt64(UInt(bitPattern: address) &- start) % cache.pointee.geometry.size.rawValue
    return UserRegion(
      offset: offset, start: UInt64(cache.pointee.userOffset),
      length: UInt64(cache.pointee.userSize), name: cache.pointee.name)
  }
}
