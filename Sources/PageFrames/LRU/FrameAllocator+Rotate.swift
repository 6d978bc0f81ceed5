import Arm64
public import MemoryTypes

/// Pages whose write has ended, and which may be taken now (`folio_rotate_reclaimable()`).
extension FrameAllocator {
  /// Moves a page to the end of its inactive list, so that it is the next to be looked at
  /// (`lru_move_tail_fn()`).
  public mutating func rotateToTail(_ number: PageFrameNumber) {
    let frame = frames[number]
    guard frame.pointee.flags.contains(.lru),
      frame.pointee.flags.isDisjoint(with: [.locked, .dirty, .unevictable])
    else { return }
    var counts = LRUCounts()
    unlink(frame, number, &counts)
    frame.pointee.flags.remove(.active)
    if usesGenerations {
      _ = linkToGeneration(frame, number, &counts, first: true)
      apply(counts)
    } else {
      link(frame, number, &counts)
      apply(counts)
      FrameList.remove(frame)
      LRUVector.list(lruVector(of: frame), frame.pointee.lruList).append(frame)
    }
    count(.pgrotated)
  }
}
