import Arm64
public import MemoryTypes

/// Pages whose write has ended, and which may be taken now (`folio_rotate_reclaimable()`).
extension FrameAllocator {
  /// Moves a page to the end of its inactive list, so that it is the next to be looked at
  /// (`lru_move_tail_fn()`).
  public mutating func rotateToTail(_ number: PageFrameNumber) {
    let frame = frames[number]
    let flags = frame.pointee.flags
    guard flags.contains(.lru),
      flags.isDisjoint(with: [.locked, .dirty, .unevictable, .active])
    else { return }
    FrameList.remove(frame)
    LRUVector.list(lruVector(of: frame), frame.pointee.lruList).append(frame)
    count(.pgrotated)
  }
}
