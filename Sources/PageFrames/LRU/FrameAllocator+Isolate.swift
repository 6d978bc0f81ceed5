import Arm64
public import MemoryTypes

/// Taking single frames off their lists and putting them back, for who is to move or to free them.
///
/// An isolated frame is on no list and has no `lru` flag, so nobody else finds it; the one who
/// isolated it holds a reference.
extension FrameAllocator {
  /// Takes a frame off its list, and a reference (`folio_isolate_lru()`); false if it is on none,
  /// so that somebody else has it, or it waits in a batch (``FrameAllocator/drainLRU()``).
  public mutating func isolate(_ number: PageFrameNumber) -> Bool {
    let frame = frames[number]
    guard frame.pointee.flags.contains(.lru) else { return false }
    frame.pointee.referenceCount &+= 1
    var counts = LRUCounts()
    unlink(frame, number, &counts)
    apply(counts)
    return true
  }

  /// Puts an isolated frame back to the list that its flags name now, by way of the batch, and drops
  /// the reference (`folio_putback_lru()`).
  public mutating func putBack(_ number: PageFrameNumber) {
    addToLRU(number)
    release(number)
  }
}
