public import Arm64
public import MemoryTypes
public import PageFrames

/// The kernel's heap: slab caches for its objects, size classes for byte buffers.
///
/// There is one, in a frame of its own. Every kind of object has a cache
/// (``makeCache(of:name:linuxSize:options:)``), whose handle its users keep; modules make theirs
/// with ``createCache(_:copyingName:)``. Caches are objects too, of the cache `kmem_cache`; it and
/// `kmem_cache_node` lie in the allocator's frame. Byte buffers are ``kmalloc(_:_:on:)``'s.
///
/// Source: Linux 6.1 mm/slub.c, mm/slab_common.c. The list of caches is to be guarded by what is
/// `slab_mutex` there.
@safe public struct SlabAllocator<B: Board>: ~Copyable {
  // First of all, so that an address and an index are all that a `kmalloc()` needs.
  /// The caches of ``KmallocType/normal`` by the leading zeros of a size less 1.
  ///
  /// Where that is 0, or too large for a class, there is none.
  var normalClasses: InlineArray<65, KernelPointer<SlabCache<B>>?> = .init(repeating: nil)
  let resident = Resident()
  public let frames: KernelPointer<FrameAllocator<B>>
  /// As `frames` has it; here it is a load nearer.
  let table: FrameTable
  /// Who hears of every allocation; nil for nobody.
  let hooks: UnsafePointer<SlabHooks>?
  /// The cache of caches, the cache of their nodes, and their processors' structures.
  let caches: KernelPointer<SlabCache<B>>
  let nodes: KernelPointer<SlabCache<B>>
  var perCPU: PerCPUStore
  /// The cache made last; each knows the one before.
  var newest: KernelPointer<SlabCache<B>>
  /// The number of the cache made last; the two of the start are 0 and 1.
  var lastNumber: UInt16 = 1
  /// kmalloc's caches, ``classCount`` of each type.
  var classes: InlineArray<48, KernelPointer<SlabCache<B>>?> = .init(repeating: nil)
  /// Whether caches that are alike share their slabs (`slab_nomerge` the other way round).
  public var mergesCaches = true
  public internal(set) var shrinkers = ShrinkerList()

  /// The frames that the processors' structures of all caches take: meminfo's `Percpu`.
  public var perCPUFrames: PageCount { perCPU.frames }

  init(
    frames: KernelPointer<FrameAllocator<B>>, hooks: UnsafePointer<SlabHooks>?,
    caches: KernelPointer<SlabCache<B>>, nodes: KernelPointer<SlabCache<B>>, perCPU: PerCPUStore
  ) {
    self.frames = frames
    table = frames.pointee.frames
    unsafe self.hooks = hooks
    self.caches = caches
    self.nodes = nodes
    self.perCPU = perCPU
    newest = nodes
  }

  /// Starts the heap in a frame of its own.
  ///
  /// With hooks, which must stay where they are, every cache is a checked one. Nil if there is no
  /// memory.
  public static func start(
    frames: KernelPointer<FrameAllocator<B>>, hooks: KernelPointer<SlabHooks>? = nil
  ) -> KernelPointer<Self>? {
    // SAFETY: the hooks are there as long as the heap.
    let hooks = unsafe UnsafePointer(hooks?.raw.assumingMemoryBound(to: SlabHooks.self))
    let board = frames.pointee.board
    let cacheBytes = MemoryLayout<SlabCache<B>>.stride
    let nodeBytes = MemoryLayout<SlabNode>.stride
    let all = MemoryLayout<Self>.stride &+ 2 &* (cacheBytes &+ nodeBytes)
    guard all <= Int(board.pageSize.bytes.rawValue),
      let number = frames.pointee.allocate([.kernel, .zero])
    else { return nil }
    // SAFETY: the frame is ours and holds all of it, one behind the other.
    let memory = unsafe board.pointer(to: frames.pointee.address(of: number))
    var perCPU = PerCPUStore(cpus: frames.pointee.options.cpus)
    let firstCache = unsafe memory + MemoryLayout<Self>.stride
    let firstNode = unsafe firstCache + 2 &* cacheBytes
    let ownSizes = (ByteCount(UInt64(cacheBytes)), ByteCount(UInt64(nodeBytes)))
    guard
      let caches = unsafe boot(
        at: firstCache, node: firstNode, "kmem_cache", ownSizes.0,
        // With struct kasan_cache.
        ByteCount(unsafe hooks == nil ? 200 : 216), &perCPU, frames, hooks),
      let nodes = unsafe boot(
        at: firstCache + cacheBytes, node: firstNode + nodeBytes, "kmem_cache_node", ownSizes.1,
        ByteCount(64), &perCPU, frames, hooks)
    else { return nil }
    nodes.pointee.previous = caches
    caches.pointee.next = nodes
    nodes.pointee.number = 1
    let place = unsafe memory.bindMemory(to: Self.self, capacity: 1)
    unsafe place.initialize(
      to: Self(frames: frames, hooks: hooks, caches: caches, nodes: nodes, perCPU: perCPU))
    let heap = unsafe KernelPointer(place)
    return heap.pointee.makeClasses() ? heap : nil
  }

  /// A cache that is there before caches can be made (`create_boot_cache()`).
  @unsafe private static func boot(
    at place: UnsafeMutableRawPointer, node: UnsafeMutableRawPointer, _ name: StaticString,
    _ ownSize: ByteCount, _ linuxSize: ByteCount, _ perCPU: inout PerCPUStore,
    _ frames: KernelPointer<FrameAllocator<B>>, _ hooks: UnsafePointer<SlabHooks>?
  ) -> KernelPointer<SlabCache<B>>? {
    guard let cpus = unsafe perCPU.take(frames) else { return nil }
    var description = unsafe SlabDescription(
      name: SlabName(name), size: max(ownSize, linuxSize), alignment: 128,
      options: [.cacheAligned])
    description.ownSize = ownSize
    let cache = unsafe SlabCache<B>.make(
      at: place.bindMemory(to: SlabCache<B>.self, capacity: 1), description, cpus: cpus,
      node: SlabNode.make(at: node), frames: frames, hooks: hooks)
    cache?.pointee.references = -1
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
      next = cache.pointee.previous
      body(cache)
    }
  }
}

extension SlabNode {
  /// Makes an empty node in memory that is its own.
  static func make(at memory: UnsafeMutableRawPointer) -> KernelPointer<SlabNode> {
    // SAFETY: the caller's memory is large and aligned enough, and stays.
    let place = unsafe memory.bindMemory(to: SlabNode.self, capacity: 1)
    unsafe place.initialize(to: SlabNode())
    let node = unsafe KernelPointer(place)
    node.partial.clear()
    return node
  }
}
