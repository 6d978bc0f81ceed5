import Arm64
import MemoryTypes
import PageFrames

/// Frames that were unmapped and must not be used again before the TLB has forgotten them: Linux's
/// `mmu_gather` (include/asm-generic/tlb.h).
///
/// Unmapping puts frames in here and nowhere else; the only way out is ``AddressSpace/flushGather(_:_:)``,
/// which invalidates first. So freeing before flushing cannot be written. There is one, as there is one processor.
struct FrameGather: BitwiseCopyable {
  static var capacity: Int { 256 }

  var frames: InlineArray<256, UInt64> = .init(repeating: 0)
  var count = 0
  /// Whether anything was unmapped that a TLB may hold, and whether tables were unhooked.
  var hasUnmapped = false
  var hasTables = false

  init() {}

  @inline(__always) var isFull: Bool { count == Self.capacity }
  @inline(__always) var isEmpty: Bool { count == 0 && !hasUnmapped }

  @inline(__always) mutating func add(_ frame: PageFrameNumber) {
    frames[count] = frame.rawValue
    count &+= 1
  }
}
