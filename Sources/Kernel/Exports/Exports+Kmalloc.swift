import KernelHeap
import MemoryTypes
import PageFrames

// Buffers and objects of slabs (include/linux/slab.h). Inlined into what C calls, so that stacks
// name the functions as C does.

@_cdecl("__kmalloc")
@inline(__always)
func kmalloc(_ size: UInt, _ flags: UInt32) -> UnsafeMutableRawPointer? {
  unsafe Exports.slab.pointee.kmalloc(ByteCount(UInt64(size)), GFP(rawValue: flags))
}

@_cdecl("kfree")
@inline(__always)
func kfree(_ buffer: UnsafeMutableRawPointer?) { unsafe Exports.slab.pointee.kfree(buffer) }

@_cdecl("krealloc")
@inline(__always)
func krealloc(_ buffer: UnsafeMutableRawPointer?, _ size: UInt, _ flags: UInt32)
  -> UnsafeMutableRawPointer?
{
  unsafe Exports.slab.pointee.krealloc(buffer, ByteCount(UInt64(size)), GFP(rawValue: flags))
}

@_cdecl("ksize")
@inline(__always)
func ksize(_ buffer: UnsafeRawPointer?) -> UInt {
  unsafe UInt(Exports.slab.pointee.ksize(buffer).rawValue)
}

extension Exports {
  /// The cache that a module's `struct kmem_cache *` is.
  @inline(__always)
  fileprivate static func cache(_ cache: UnsafeMutableRawPointer)
    -> KernelPointer<SlabCache<VirtBoard>>
  {
    // SAFETY: modules have no other pointers of this type than those that they were given.
    unsafe KernelPointer(cache.assumingMemoryBound(to: SlabCache<VirtBoard>.self))
  }
}

@_cdecl("kmem_cache_create")
func kmemCacheCreate(
  _ name: UnsafePointer<UInt8>, _ size: UInt32, _ alignment: UInt32, _ flags: UInt64,
  _ constructor: SlabConstructor?
) -> UnsafeMutableRawPointer? {
  unsafe kmemCacheCreateUserCopy(name, size, alignment, flags, 0, 0, constructor)
}

/// A cache of whose objects so much may be copied from and to programs.
@_cdecl("kmem_cache_create_usercopy")
func kmemCacheCreateUserCopy(
  _ name: UnsafePointer<UInt8>, _ size: UInt32, _ alignment: UInt32, _ flags: UInt64,
  _ userOffset: UInt32, _ userSize: UInt32, _ constructor: SlabConstructor?
) -> UnsafeMutableRawPointer? {
  var length = 0
  while length < 63, unsafe name[length] != 0 { length &+= 1 }
  let description = unsafe SlabDescription(
    name: SlabName(UnsafeRawBufferPointer(start: name, count: length)),
    size: ByteCount(UInt64(size)), alignment: UInt64(alignment),
    options: SlabOptions(rawValue: UInt32(truncatingIfNeeded: flags)), userOffset: userOffset,
    userSize: userSize, constructor: constructor)
  return unsafe Exports.slab.pointee.createCache(description, copyingName: true)?.raw
}

@_cdecl("kmem_cache_destroy")
@inline(__always)
func kmemCacheDestroy(_ cache: UnsafeMutableRawPointer?) {
  guard let cache = unsafe cache else { return }
  _ = unsafe Exports.slab.pointee.destroyCache(Exports.cache(cache))
}

@_cdecl("kmem_cache_alloc")
func kmemCacheAlloc(_ cache: UnsafeMutableRawPointer, _ flags: UInt32) -> UnsafeMutableRawPointer? {
  unsafe Exports.slab.pointee.allocate(from: Exports.cache(cache), GFP(rawValue: flags))
}

@_cdecl("kmem_cache_free")
@inline(__always)
func kmemCacheFree(_ cache: UnsafeMutableRawPointer?, _ object: UnsafeMutableRawPointer?) {
  guard let cache = unsafe cache, let object = unsafe object else { return }
  unsafe Exports.slab.pointee.free(object, to: Exports.cache(cache))
}

/// Fills a row; how many that were: all or 0.
@_cdecl("kmem_cache_alloc_bulk")
func kmemCacheAllocBulk(
  _ cache: UnsafeMutableRawPointer, _ flags: UInt32, _ count: UInt,
  _ row: UnsafeMutablePointer<UnsafeMutableRawPointer?>
) -> Int32 {
  let isFull = unsafe Exports.slab.pointee.allocate(
    from: Exports.cache(cache), into: UnsafeMutableBufferPointer(start: row, count: Int(count)),
    GFP(rawValue: flags))
  return isFull ? Int32(truncatingIfNeeded: count) : 0
}

@_cdecl("kmem_cache_free_bulk")
@inline(__always)
func kmemCacheFreeBulk(
  _ cache: UnsafeMutableRawPointer, _ count: UInt,
  _ row: UnsafeMutablePointer<UnsafeMutableRawPointer?>
) {
  unsafe Exports.slab.pointee.free(
    UnsafeMutableBufferPointer(start: row, count: Int(count)), to: Exports.cache(cache))
}

@_cdecl("kmem_cache_size")
func kmemCacheSize(_ cache: UnsafeMutableRawPointer) -> UInt32 {
  unsafe UInt32(Exports.slab.pointee.objectSize(of: Exports.cache(cache)).rawValue)
}

@_cdecl("kmem_cache_shrink")
func kmemCacheShrink(_ cache: UnsafeMutableRawPointer) -> Int32 {
  unsafe Exports.slab.pointee.shrink(Exports.cache(cache))
  return 0
}
