public import Arm64
import MemoryTypes
import PageFrames

/// A cache of objects of one size: mm/slub.c.
///
/// Each processor (``SlabCPU``) has one slab as its own, and that slab's free objects in its
/// `freeList`: allocating pops from it, freeing an object of that slab pushes to it. An object of
/// another slab goes back to its slab's own list. Slabs that are no processor's own are
/// - full, in no list;
/// - *frozen*, in a processor's `partial`: those that became partial again; the processor takes
///   them first;
/// - in the node's `partial` (``SlabNode``), when there are more of those than a processor may keep.
/// An empty slab goes back to the frame allocator if the node's list is long enough without it.
///
/// A free object holds the address of the next one, `linkOffset` bytes from its start.
///
/// Which lock: a processor's structure is its own, the node's is to be guarded by `list_lock`, a
/// slab that is frozen belongs to its processor but for its own free list and count; everything
/// else never changes, or belongs to whoever makes and destroys caches (`slab_mutex`).
@safe public struct SlabCache<B: Board>: ~Copyable {
  /// The processors' structures.
  let cpus: UnsafeMutablePointer<SlabCPU>
  /// Where in a free object the link to the next one is.
  let linkOffset: Int
  let node: KernelPointer<SlabNode>
  let frames: KernelPointer<FrameAllocator<B>>
  let hooks: UnsafePointer<SlabHooks>?
  let constructor: SlabConstructor?
  var geometry: SlabGeometry
  let name: SlabName
  public let options: SlabOptions
  /// What an object takes; the larger of those of all caches that share this one.
  var objectSize: ByteCount
  let ownSize: UInt32
  let alignment: UInt32
  let userOffset: UInt32
  let userSize: UInt32
  /// How many names share the cache; below 0 it is never shared (`refcount`).
  var references: Int32 = 1
  /// Which of all caches ever made it is: its name in `/sys/kernel/slab`'s nodes.
  var number: UInt16 = 0
  /// Whether the name's bytes are a buffer of this cache's own.
  var ownsName = false
  let resident = Resident()
  /// Where the checker's bytes of an object begin; 0 where it has none.
  public let metadataOffset: Int
  /// Where in its slot an object's owner lies, a memory group; 0 where there is no place.
  var chargeOffset: Int
  /// Where rows of owners come from, one beside each slab with charged objects; nil where objects
  /// are never charged.
  var rows: KernelPointer<SlabCache<B>>?
  /// The names of other caches that this one serves.
  var aliasNames: KernelPointer<SlabAlias>?
  /// The caches made before and after this one.
  var previous: KernelPointer<SlabCache<B>>?
  var next: KernelPointer<SlabCache<B>>?

  init(
    _ description: SlabDescription, geometry: SlabGeometry, metadataOffset: Int,
    cpus: UnsafeMutablePointer<SlabCPU>, node: KernelPointer<SlabNode>,
    frames: KernelPointer<FrameAllocator<B>>, hooks: UnsafePointer<SlabHooks>?
  ) {
    unsafe self.cpus = cpus
    self.node = node
    self.frames = frames
    unsafe self.hooks = hooks
    self.geometry = geometry
    self.metadataOffset = metadataOffset
    linkOffset = Int(description.linkOffset)
    chargeOffset = Self.chargeOffset(
      description, slot: geometry.size, linkOffset: Int(description.linkOffset))
    unsafe constructor = unsafe description.constructor
    name = description.name
    options = description.options
    objectSize = description.objectSize
    ownSize = UInt32(truncatingIfNeeded: description.ownSize.rawValue)
    alignment = UInt32(truncatingIfNeeded: description.fullAlignment)
    userOffset = description.userOffset
    userSize = description.userSize
  }

  /// A processor's structure.
  @inline(__always)
  func cpu(_ processor: Int) -> KernelPointer<SlabCPU> {
    // SAFETY: there is one for each processor, and they stay where they are.
    unsafe KernelPointer(cpus + processor)
  }

  /// The link in a free object.
  @inline(__always)
  func next(after object: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    // SAFETY: a free object of the cache, which is as large.
    unsafe object.load(fromByteOffset: linkOffset, as: UnsafeMutableRawPointer?.self)
  }

  @inline(__always)
  func link(_ object: UnsafeMutableRawPointer, to next: UnsafeMutableRawPointer?) {
    // SAFETY: a free object of the cache, which is as large; the link is aligned, which storeBytes()
    // could not know: it would store byte by byte.
    unsafe (object + linkOffset).assumingMemoryBound(to: UnsafeMutableRawPointer?.self).pointee =
      next
  }

  /// The counter of the cache's frames.
  var counter: VMStat {
    options.contains(.reclaimable) ? .nr_slab_reclaimable : .nr_slab_unreclaimable
  }
}

extension SlabCache {
  /// Makes a cache in memory that is its own; nil where no slab holds an object.
  static func make(
    at place: UnsafeMutablePointer<Self>, _ description: SlabDescription,
    cpus: UnsafeMutablePointer<SlabCPU>, node: KernelPointer<SlabNode>,
    frames: KernelPointer<FrameAllocator<B>>, hooks: UnsafePointer<SlabHooks>?
  ) -> KernelPointer<Self>? {
    guard description.objectSize <= ByteCount(1 &<< 30) else { return nil }
    var description = description
    var bytes = description.bytes
    var metadataOffset = 0
    if let hooks = unsafe hooks {
      description.options.insert(.checked)
      let extra = unsafe hooks.pointee.extraBytes(
        hooks.pointee.context, Int(description.objectSize.rawValue), description.options.rawValue)
      metadataOffset = Int(bytes)
      bytes &+= UInt64(max(extra, 0))
    }
    guard
      let geometry = SlabGeometry(
        objectSize: ByteCount(bytes), alignment: description.fullAlignment,
        pageSize: frames.pointee.board.pageSize, cpus: frames.pointee.options.cpus)
    else { return nil }
    unsafe place.initialize(
      to: Self(
        description, geometry: geometry, metadataOffset: metadataOffset, cpus: cpus, node: node,
        frames: frames, hooks: hooks))
    // SAFETY: just initialised, in memory that stays.
    return unsafe KernelPointer(place)
  }
}
