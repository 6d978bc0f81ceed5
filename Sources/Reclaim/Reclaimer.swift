// Reclaim: taking pages that can be had again, so that there is room for others (mm/vmscan.c).
//
// Terms
// - Reclaim looks at the *ends* of the inactive lists (``PageFrames/LRUVector``) in batches of 32.
//   What was used since, by the page tables' accessed bits, stays or becomes active; what is clean
//   and can be read again, or goes to swap, is unmapped and freed. Active lists are aged when the
//   inactive ones are low.
// - The *priority* says how much of each list is looked at: size / 2^priority. It begins at 12 and
//   falls while too little was found; below 1 everything has been looked at.
// - *Who reclaims*: kswapd, from the low to the high watermark; a task that found no frame
//   (*direct* reclaim), for 32 pages; a task whose memory group met its limit.
// - How much of anonymous and how much of file pages follows from what either has cost lately, in
//   pages written and pages that came back, and from `swappiness`.
//
// What can be taken
// - pages of files that are as the archive has them; a page that was written is not, even after its
//   write-back, for the archive is never written (`Frame.Flags.unbacked`);
// - anonymous pages and pages of files in memory, through swap;
// - anonymous pages after MADV_FREE that were not written since: they are dropped;
// - objects of those who registered a shrinker.
//
// Nothing here waits: all are steps that `KernelState` calls, which waits between them.
//
// Invariants
// - between two calls ``PageFrames/IsolatedList``s are empty: no step holds a frame across its end;
// - a page is taken only if nobody but its cache and the step has a reference to it, and no table
//   maps it.

public import AddressSpaces
public import Arm64
import Files
import KernelHeap
public import MemoryTypes
import PageFrames

/// The steps of reclaim, as wide as a pointer.
@safe public struct Reclaimer<B: Board>: BitwiseCopyable {
  public let memory: KernelPointer<MemoryContext<B>>

  @inlinable public init(_ memory: KernelPointer<MemoryContext<B>>) { self.memory = memory }

  var frames: KernelPointer<FrameAllocator<B>> { memory.pointee.frames }

  /// SWAP_CLUSTER_MAX: frames of a batch, and what one direct reclaim asks for.
  public static var batch: Int { 32 }
}
