public import Arm64
import MemoryTypes
import PageFrames

/// A cache of objects of one size: mm/slub.c for one processor.
///
/// The processor has one slab as its own, and that slab's free objects in `freeList`: allocating
/// pops from it, freeing an object of that slab pushes to it. An object of another slab goes back
/// to its slab's own list. Slabs that are not the processor's own are
/// - full, in no list;
/// - *frozen*, in `perCPUPartial`: those that became partial again; the processor takes them first;
/// - in `partial`, when there are more of those than the processor may keep.
/// An empty slab goes back to the frame allocator if `partial` is long enough without it.
///
/// A free object's first word is the address of the next one.
@safe public struct SlabCache<B: Board>: ~Copyable {
  // The two lists' heads are the first fields: their address is the cache's.
  var partialHead = FrameLinks()
  var perCPUHead = FrameLinks()

  /// The next free object of the processor's slab.
  var freeList: UnsafeMutableRawPointer?
  /// The processor's slab: its first byte, and its length in bytes, 0 without one.
  var slabStart: UInt = 0
  var slabBytes: UInt = 0
  var slab: Slab?

  let frames: KernelPointer<FrameAllocator<B>>
  let geometry: SlabGeometry
  let name: StaticString
  let options: SlabOptions
  let objectSize: ByteCount
  let ownSize: ByteCount
  let resident = Resident()
  /// Slabs in `partial` and in `perCPUPartial`, and all of them; the objects in all.
  var partialCount = 0
  var perCPUCount = 0
  var slabs = 0
  var objects = 0
  /// The cache that was made before this one.
  var previous: KernelPointer<SlabCache<B>>?

  init(
    frames: KernelPointer<FrameAllocator<B>>, geometry: SlabGeometry, name: StaticString,
    options: SlabOptions, objectSize: ByteCount, ownSize: ByteCount
  ) {
    self.frames = frames
    self.geometry = geometry
    self.name = name
    self.options = options
    self.objectSize = objectSize
    self.ownSize = ownSize
    unsafe freeList = nil
  }
}

extension KernelPointer where Pointee: ~Copyable {
  /// The two lists of a cache at this address.
  func lists<B>() -> (partial: FrameList, perCPU: FrameList) where Pointee == SlabCache<B> {
    // SAFETY: the heads are the cache's first two fields, and it stays where it is.
    let heads = unsafe raw.assumingMemoryBound(to: FrameLinks.self)
    return unsafe (
      FrameList(head: KernelPointer<FrameLinks>(heads)),
      FrameList(head: KernelPointer<FrameLinks>(heads + 1))
    )
  }
}
