import Arm64
public import MemoryTypes

/// What became of a look at the end of a list.
public struct IsolatedFrames: BitwiseCopyable, Sendable {
  /// Frames looked at, and frames taken.
  public var scanned = 0
  public var taken = 0

  init() {}
}

/// Where isolated frames wait until reclaim has decided about each.
///
/// Reclaim never suspends while it holds any, so there is one set for all.
public enum IsolatedList: Int, BitwiseCopyable, Sendable {
  /// Taken, not looked at yet (`folio_list`, `l_hold`).
  case held = 0
  /// To go back to the lists that their flags name (`ret_folios`, `l_active`).
  case kept
  /// To become inactive (`l_inactive`).
  case deactivated
}

extension FrameAllocator {
  /// Takes frames from the end of a list into ``IsolatedList/held``, each with a reference
  /// (`isolate_lru_folios()`).
  ///
  /// Frames of zones above `highest` are of no use to whoever asks: they go to the front.
  public mutating func isolate(
    _ count: Int, from vector: KernelPointer<LRUVector>, _ list: LRUList, upTo highest: ZoneIndex,
    mayUnmap: Bool = true
  ) -> IsolatedFrames {
    let source = LRUVector.list(vector, Int(list.rawValue))
    let skipped = LRUVector.list(isolated, 3)
    let held = LRUVector.list(isolated, IsolatedList.held.rawValue)
    var result = IsolatedFrames()
    var counts = LRUCounts()
    var scan = 0
    while scan < count, let frame = source.last {
      let number = frames.number(of: frame)
      result.scanned &+= 1
      FrameList.remove(frame)
      if highest < .normal && number >= boundary {
        skipped.prepend(frame)
        countSkip(number)
        continue
      }
      scan &+= 1
      guard mayUnmap || frame.pointee.mapCount == 0 else {
        source.prepend(frame)
        continue
      }
      frame.pointee.referenceCount &+= 1
      frame.pointee.flags.remove(.lru)
      note(Int(list.rawValue), frame, number, -1, &counts)
      held.prepend(frame)
      result.taken &+= 1
    }
    while let frame = skipped.last {
      FrameList.remove(frame)
      source.prepend(frame)
    }
    apply(counts)
    return result
  }

  private mutating func countSkip(_ number: PageFrameNumber) {
    count(number < boundary ? .pgskip_dma : .pgskip_normal)
  }

  /// The isolated frame that was taken first, which is the caller's now.
  public mutating func takeHeld() -> PageFrameNumber? {
    guard let frame = LRUVector.list(isolated, IsolatedList.held.rawValue).last else { return nil }
    FrameList.remove(frame)
    return frames.number(of: frame)
  }

  /// Puts an isolated frame with others of the same fate.
  public mutating func keep(_ number: PageFrameNumber, _ list: IsolatedList = .kept) {
    LRUVector.list(isolated, list.rawValue).prepend(frames[number])
  }

  /// Brings the frames of one fate back to the lists that their flags name, and drops the reference;
  /// how many were not freed by that (`move_folios_to_lru()`).
  @discardableResult
  public mutating func putBack(_ list: IsolatedList) -> Int {
    let source = LRUVector.list(isolated, list.rawValue)
    var counts = LRUCounts()
    var moved = 0
    while let frame = source.last {
      FrameList.remove(frame)
      let number = frames.number(of: frame)
      let flags = frame.pointee.flags
      if !flags.isDisjoint(with: [.mlocked, .unevictable, .ownerLocked]) {
        putBack(number)
        continue
      }
      frame.pointee.referenceCount &-= 1
      if frame.pointee.referenceCount == 0 {
        free(number)
        continue
      }
      link(frame, number, &counts)
      moved &+= 1
      if flags.contains(.active) { ageNonresident(lruVector(of: frame), 1) }
    }
    apply(counts)
    return moved
  }
}
