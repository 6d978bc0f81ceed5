import MemoryTypes
import PageFrames

/// A block of frames that belongs to a cache, seen through its first frame.
///
/// | field of the frame | meaning |
/// |---|---|
/// | `mapping` | the cache's address; in the block's other frames the first one's, plus 1 |
/// | `privateWord` | the first of the free objects that no processor took, 0 for none |
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

  /// The first frame of the slab that a frame is in, or the frame itself.
  @inline(__always)
  static func head(of frame: KernelPointer<Frame>) -> KernelPointer<Frame> {
    let word = frame.pointee.mapping
    guard frame.pointee.state == .untouched, word & 1 != 0 else { return frame }
    // SAFETY: frames of a slab but its first hold the first one's address, plus 1.
    let head = unsafe UnsafeMutablePointer<Frame>(bitPattern: UInt(word & ~1))
    guard let head = unsafe head else { return frame }
    return unsafe KernelPointer(head)
  }
}
