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
    link(frame, number, &counts)
    apply(counts)
    FrameList.remove(frame)
    LRUVector.list(lruVector(of: frame), frame.pointee.lruList).append(frame)
    count(.pgrotated)
  }

  /// The frame at the end of a list, which has been there longest.
  public func oldest(_ list: LRUList, of vector: KernelPointer<LRUVector>) -> PageFrameNumber? {
    LRUVector.list(vector, Int(list.rawValue)).last.map { frames.number(of: $0) }
  }

  /// The frame that came to a list after one that is on it.
  public func younger(
    than number: PageFrameNumber, _ list: LRUList, of vector: KernelPointer<LRUVector>
  ) -> PageFrameNumber? {
    LRUVector.list(vector, Int(list.rawValue)).frame(before: frames[number])
      .map { frames.number(of: $0) }
  }
}
