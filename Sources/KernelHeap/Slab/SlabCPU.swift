import MemoryTypes
import PageFrames

/// What one processor has of a cache for itself (`struct kmem_cache_cpu`).
///
/// There is one for each processor, side by side, in memory of the processors' own
/// (``PerCPUStore``). Only its processor touches it, with preemption off; so no lock guards it.
///
/// Invariants: `freeList` has objects of `slab` alone; the slabs of the list at `partialHead` are
/// frozen, and `partialCount` of them.
@safe struct SlabCPU {
  // The list's head is the first field: its address is this structure's.
  var partialHead = FrameLinks()
  /// The next free object of the processor's slab.
  var freeList: UnsafeMutableRawPointer?
  /// The processor's slab: its first byte, and its length in bytes, 0 without one.
  var slabStart: UInt = 0
  var slabBytes: UInt = 0
  var slab: Slab?
  var partialCount = 0

  init() { unsafe freeList = nil }
}

extension KernelPointer<SlabCPU> {
  /// The slabs that the processor keeps besides its own.
  var partial: FrameList {
    // SAFETY: the head is the first field of a structure that stays where it is.
    unsafe FrameList(head: KernelPointer<FrameLinks>(raw.assumingMemoryBound(to: FrameLinks.self)))
  }
}

/// What all processors share of a cache's slabs (`struct kmem_cache_node`): to be guarded by its
/// `list_lock`.
///
/// An object of the cache `kmem_cache_node`.
struct SlabNode {
  // The list's head is the first field: its address is this structure's.
  var partialHead = FrameLinks()
  /// Slabs in the list, all slabs of the cache, and the frames and objects in all.
  var partialCount = 0
  var slabs = 0
  var frames = 0
  var objects = 0

  init() {}
}

extension KernelPointer<SlabNode> {
  /// The slabs with free objects that no processor has.
  var partial: FrameList {
    // SAFETY: the head is the first field of a structure that stays where it is.
    unsafe FrameList(head: KernelPointer<FrameLinks>(raw.assumingMemoryBound(to: FrameLinks.self)))
  }
}
