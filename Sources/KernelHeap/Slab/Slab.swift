import Arm64
import MemoryTypes
import PageFrames

/// A block of frames that belongs to a cache, seen through its first frame.
///
/// | field of the frame | meaning |
/// |---|---|
/// | `mapping` | the cache's address and ``cacheBit``, in all frames of the block |
/// | `privateWord` | the first of the free objects that no processor took, 0 for none; in the block's other frames the first one's address |
/// | `index` | objects in use, and bit 63 while a processor has the slab (*frozen*) |
///
/// Invariant: `inUse` + length of the free list = objects in the slab. A processor that takes a
/// slab as its own takes the whole free list, so the slab counts as full meanwhile.
struct Slab: BitwiseCopyable {
  let frame: KernelPointer<Frame>
  static var frozenBit: UInt64 { 1 &<< 63 }

  var inUse: Int {
    get { Int(truncatingIfNeeded: frame.pointee.index & ~Self.frozenBit) }
    nonmutating set {
      frame.pointee.index =
        (frame.pointee.index & Self.frozenBit) | UInt64(truncatingIfNeeded: newValue)
    }
  }

  var isFrozen: Bool {
    get { frame.pointee.index & Self.frozenBit != 0 }
    nonmutating set {
      if newValue {
        frame.pointee.index |= Self.frozenBit
      } else {
        frame.pointee.index &= ~Self.frozenBit
      }
    }
  }

  /// The first free object.
  var freeList: UnsafeMutableRawPointer? {
    get { unsafe UnsafeMutableRawPointer(bitPattern: UInt(frame.pointee.privateWord)) }
    nonmutating set { frame.pointee.privateWord = UInt64(UInt(bitPattern: newValue)) }
  }

  /// Frames in the slab.
  var order: Order { Order(UInt64(frame.pointee.blockOrder)) }

  /// The bit of `mapping` that says that the rest is a cache's address: no other owner has it.
  ///
  /// So `kfree()` gets from any frame of a slab to its cache by one load and a test.
  static var cacheBit: UInt64 { 4 }

  /// What `mapping` says in the frames of a cache's slabs.
  @inline(__always)
  static func mark<B: Board>(_ cache: KernelPointer<SlabCache<B>>) -> UInt64 {
    UInt64(cache.address) | cacheBit
  }

  /// The cache that a frame belongs to.
  @inline(__always)
  static func cache<B: Board>(of frame: KernelPointer<Frame>) -> KernelPointer<SlabCache<B>>? {
    let word = frame.pointee.mapping
    guard word & cacheBit != 0 else { return nil }
    // SAFETY: only frames of slabs have the bit, beside their cache's address.
    return unsafe KernelPointer(
      UnsafeMutablePointer(bitPattern: UInt(word &- cacheBit)).unsafelyUnwrapped)
  }

  /// The slab that a frame of one is in.
  @inline(__always)
  init(containing frame: KernelPointer<Frame>) {
    guard frame.pointee.state != .slab else {
      self.frame = frame
      return
    }
    // SAFETY: frames of a slab but its first hold the first one's address.
    self.frame = unsafe KernelPointer(
      UnsafeMutablePointer<Frame>(bitPattern: UInt(frame.pointee.privateWord)).unsafelyUnwrapped)
  }

  @inline(__always)
  init(frame: KernelPointer<Frame>) { self.frame = frame }
}
