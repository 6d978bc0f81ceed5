public import Arm64
public import MemoryTypes
public import PageFrames

/// The kernel's heap: slab caches for its objects, size classes for byte buffers.
///
/// There is one, in a frame of its own. Every kind of object has a cache (``makeCache(of:name:linuxSize:options:)``),
/// whose handle its users keep. Caches are objects too, of the cache `kmem_cache`, which comes
/// first and lies in the allocator itself.
public struct SlabAllocator<B: Board>: ~Copyable {
  let resident = Resident()
  public let frames: KernelPointer<FrameAllocator<B>>
  /// The cache of caches.
  var caches: KernelPointer<SlabCache<B>>
  /// The cache made last; each knows the one before.
  var newest: KernelPointer<SlabCache<B>>
  /// kmalloc's caches by class, from 128 bytes up to two pages.
  var classes: InlineArray<12, KernelPointer<SlabCache<B>>?> = .init(repeating: nil)

  /// Starts the heap in a frame of its own.
  ///
  /// Nil if there is none.
  public static func start(frames: KernelPointer<FrameAllocator<B>>) -> KernelPointer<Self>? {
    let bytes = ByteCount(
      UInt64(MemoryLayout<Self>.stride + MemoryLayout<SlabCache<B>>.stride))
    let board = frames.pointee.board
    guard bytes <= board.pageSize.bytes, let number = frames.pointee.allocate([.kernel, .zero])
    else { return nil }
    // SAFETY: the frame is ours and holds both.
    let memory = unsafe board.pointer(to: frames.pointee.address(of: number))
    let first = unsafe (memory + MemoryLayout<Self>.stride)
      .bindMemory(to: SlabCache<B>.self, capacity: 1)
    let ownSize = ByteCount(UInt64(MemoryLayout<SlabCache<B>>.size))
    guard
      let cache = unsafe SlabCache<B>.make(
        at: first, frames: frames, name: "kmem_cache", ownSize: ownSize, linuxSize: ByteCount(256),
        options: .cacheAligned, alignment: 0)
    else { return nil }
    let place = unsafe memory.bindMemory(to: Self.self, capacity: 1)
    unsafe place.initialize(to: Self(frames: frames, caches: cache, newest: cache))
    let heap = unsafe KernelPointer(place)
    return heap.pointee.makeClasses() ? heap : nil
  }

  init(
    frames: KernelPointer<FrameAllocator<B>>, caches: KernelPointer<SlabCache<B>>,
    newest: KernelPointer<SlabCache<B>>
  ) {
    self.frames = frames
    self.caches = caches
    self.newest = newest
  }

  /// Makes a cache of objects of one type.
  ///
  /// Nil if there is no memory.
  ///
  /// Objects are as large as the larger of the type and what Linux uses for the same thing, so
  /// that slabs, slabinfo and meminfo compare.
  public mutating func makeCache<T: ~Copyable>(
    of type: T.Type, name: StaticString, linuxSize: ByteCount = .zero, options: SlabOptions = []
  ) -> ObjectCache<T, B>? {
    let cache = makeCache(
      name: name, ownSize: ByteCount(UInt64(MemoryLayout<T>.size)), linuxSize: linuxSize,
      options: options, alignment: UInt64(MemoryLayout<T>.alignment))
    guard let cache else { return nil }
    return ObjectCache(cache: cache)
  }

  mutating func makeCache(
    name: StaticString, ownSize: ByteCount, linuxSize: ByteCount, options: SlabOptions,
    alignment: UInt64
  ) -> KernelPointer<SlabCache<B>>? {
    guard let memory = unsafe caches.takeObject(.kernel) else { return nil }
    // SAFETY: the memory is a free object of the cache of caches.
    let place = unsafe memory.assumingMemoryBound(to: SlabCache<B>.self)
    guard
      let cache = unsafe SlabCache<B>.make(
        at: place, frames: frames, name: name, ownSize: ownSize, linuxSize: linuxSize,
        options: options, alignment: alignment)
    else {
      unsafe caches.giveObject(memory)
      return nil
    }
    cache.pointee.previous = newest
    newest = cache
    return cache
  }

  /// Gives back all memory that holds no object.
  public mutating func shrink() {
    forEach { $0.shrink() }
  }

  /// Visits all caches, newest first.
  func forEach(_ body: (KernelPointer<SlabCache<B>>) -> Void) {
    var next: KernelPointer<SlabCache<B>>? = newest
    while let cache = next {
      body(cache)
      next = cache.pointee.previous
    }
  }
}

extension SlabCache {
  /// Makes a cache in memory that is its own; nil where no slab holds an object.
  static func make(
    at place: UnsafeMutablePointer<Self>, frames: KernelPointer<FrameAllocator<B>>,
    name: StaticString, ownSize: ByteCount, linuxSize: ByteCount, options: SlabOptions,
    alignment: UInt64
  ) -> KernelPointer<Self>? {
    let objectSize = max(ownSize, linuxSize)
    let lines = options.contains(.cacheAligned) ? SlabGeometry.cacheAlignment(objectSize) : 0
    guard
      let geometry = SlabGeometry(
        objectSize: objectSize, alignment: max(alignment, lines),
        pageSize: frames.pointee.board.pageSize, cpus: frames.pointee.options.cpus)
    else { return nil }
    unsafe place.initialize(
      to: Self(
        frames: frames, geometry: geometry, name: name, options: options, objectSize: objectSize,
        ownSize: ownSize))
    // SAFETY: just initialised, in memory that stays.
    let cache = unsafe KernelPointer(place)
    let (partial, perCPU) = cache.lists()
    partial.clear()
    perCPU.clear()
    return cache
  }
}
