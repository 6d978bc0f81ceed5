import PageFrames

/// What a checker of memory (KASAN) hears of the allocator, and what it may decide.
///
/// Caches made while hooks are set are *checked* (``SlabOptions/checked``): no processor has a slab
/// of its own in them, so that every allocation and every free takes the long way, which tells the
/// hooks; unchecked caches pay nothing for it, as SLUB's debugging caches do it
/// (mm/slub.c: kmem_cache_debug()).
///
/// A cache is named by its address (`KernelPointer<SlabCache<B>>.address`), and an object of a
/// checked cache lies in its slab as
/// ```
///   | object, objectSize bytes | padding, link of the free list | extraBytes | padding |
/// ```
/// where `extraBytes` is the checker's: its metadata, and its red zone. Functions must not allocate.
@safe public struct SlabHooks {
  public typealias Context = UnsafeMutableRawPointer?

  /// Passed to every function.
  public var context: Context
  /// How many bytes behind an object of that size are to be the checker's
  /// (mm/kasan: kasan_cache_create()).
  public var extraBytes: @convention(c) (Context, _ objectSize: Int, _ options: UInt32) -> Int
  /// A new slab: nothing in it is an object yet (kasan_poison_slab()); its objects follow each
  /// other from `start` at a distance of `size`.
  public var slabMade:
    @convention(c) (
      Context, _ cache: UInt, _ start: UnsafeMutableRawPointer, _ bytes: Int
    ) -> Void
  /// An object was given out, of which the caller asked for `size` bytes (kasan_slab_alloc(),
  /// kasan_kmalloc()).
  public var allocated:
    @convention(c) (
      Context, _ cache: UInt, _ object: UnsafeMutableRawPointer, _ size: Int, _ flags: UInt32
    ) -> Void
  /// An object comes back (kasan_slab_free()): true if the checker keeps it, because the free was
  /// wrong or for its quarantine; then it gives it back with
  /// ``SlabAllocator/freeUnchecked(_:to:)``.
  public var freed:
    @convention(c) (Context, _ cache: UInt, _ object: UnsafeMutableRawPointer) -> Bool
  /// A buffer stays where it is but is now to have `size` bytes (kasan_krealloc()); `cache` is 0
  /// for a block of frames.
  public var resized:
    @convention(c) (
      Context, _ cache: UInt, _ object: UnsafeMutableRawPointer, _ size: Int, _ flags: UInt32
    ) -> Void
  /// A block of frames was given out as a buffer (kasan_kmalloc_large()).
  public var largeAllocated:
    @convention(c) (
      Context, _ start: UnsafeMutableRawPointer, _ bytes: Int, _ size: Int, _ flags: UInt32
    ) -> Void
  /// A block of frames comes back (kasan_kfree_large()): true if the free was wrong.
  public var largeFreed: @convention(c) (Context, _ buffer: UnsafeMutableRawPointer) -> Bool
  /// Somebody asks of a buffer, or of a cache, who must not have a freed one (kasan_check_byte()):
  /// false if it is.
  public var isAlive: @convention(c) (Context, _ buffer: UnsafeMutableRawPointer) -> Bool
  /// `ksize()` has named a buffer's size, all of which may now be used (kasan_unpoison_range()).
  public var opened: @convention(c) (Context, _ buffer: UnsafeMutableRawPointer, Int) -> Void

  /// A cache is about to be destroyed, or to give back what holds no object: what the checker keeps
  /// of it must come back now (kasan_cache_shutdown(), kasan_cache_shrink()).
  public var ending: @convention(c) (Context, _ cache: UInt) -> Void

  public init(
    context: Context,
    extraBytes: @convention(c) (Context, Int, UInt32) -> Int,
    slabMade: @convention(c) (Context, UInt, UnsafeMutableRawPointer, Int) -> Void,
    allocated: @convention(c) (Context, UInt, UnsafeMutableRawPointer, Int, UInt32) -> Void,
    freed: @convention(c) (Context, UInt, UnsafeMutableRawPointer) -> Bool,
    resized: @convention(c) (Context, UInt, UnsafeMutableRawPointer, Int, UInt32) -> Void,
    largeAllocated: @convention(c) (Context, UnsafeMutableRawPointer, Int, Int, UInt32) -> Void,
    largeFreed: @convention(c) (Context, UnsafeMutableRawPointer) -> Bool,
    isAlive: @convention(c) (Context, UnsafeMutableRawPointer) -> Bool,
    opened: @convention(c) (Context, UnsafeMutableRawPointer, Int) -> Void,
    ending: @convention(c) (Context, UInt) -> Void
  ) {
    unsafe self.context = context
    unsafe self.extraBytes = extraBytes
    unsafe self.slabMade = slabMade
    unsafe self.allocated = allocated
    unsafe self.freed = freed
    unsafe self.resized = resized
    unsafe self.largeAllocated = largeAllocated
    unsafe self.largeFreed = largeFreed
    unsafe self.isAlive = isAlive
    unsafe self.opened = opened
    unsafe self.ending = ending
  }
}
