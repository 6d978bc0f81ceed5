import Arm64
import KernelHeap
import MemoryTypes
import PageFrames

/// Finding free slots of an area (mm/swapfile.c:scan_swap_map_slots()).
extension SwapSpace {
  /// Where the search goes on.
  private enum Step {
    /// The slot is looked at.
    case check
    /// From the slot on to the end, then from the start, for any that is free.
    case search
    case end
  }

  /// Takes up to `goal` slots, one after the other where they are free, and marks them as cached.
  ///
  /// On a device where seeking costs a run of free slots is looked for, and filled; where it
  /// does not, a cluster.
  mutating func scan(
    _ area: KernelPointer<SwapArea<B>>, _ goal: Int, _ slots: inout InlineArray<64, SwapEntry>
  ) -> Int {
    var taken = 0
    // LATENCY_LIMIT: how many slots are looked at before what was found must do.
    var patience = 256
    var hasSearchedMuch = false
    var offset = area.pointee.next
    var base = offset
    var step = Step.check
    if area.pointee.clusters != nil {
      if let slot = nextOfCluster(area) {
        offset = slot
        base = slot
      } else {
        step = .search
      }
    } else if area.pointee.leftInCluster == 0 {
      offset = beginRun(area, offset, &patience)
      base = offset
    } else {
      area.pointee.leftInCluster &-= 1
    }

    while true {
      switch step {
      case .check:
        if area.pointee.clusters?.conflicts(offset) == true {
          if taken > 0 {
            step = .end
          } else if let slot = nextOfCluster(area) {
            offset = slot
            base = slot
          } else {
            step = .search
          }
          continue
        }
        guard area.pointee.isWritable, area.pointee.highest != 0 else { return taken }
        if offset > area.pointee.highest {
          offset = area.pointee.lowest
          base = offset
        }
        let count = area.pointee.count(offset)
        if count == .cached, isFull {
          let entry = SwapEntry(area: area.pointee.number, offset: offset)
          // A page that is in RAM as well gives its slot away, if nothing else names that.
          if freeCached(entry) && area.pointee.count(offset).isFree { continue }
          step = .search
          continue
        }
        guard count.isFree else {
          step = taken == 0 ? .search : .end
          continue
        }
        take(offset, of: area)
        slots[taken] = SwapEntry(area: area.pointee.number, offset: offset)
        taken &+= 1
        if taken == goal || offset >= area.pointee.highest {
          step = .end
          continue
        }
        patience &-= 1
        if patience < 0 {
          step = .end
          continue
        }
        if area.pointee.clusters != nil {
          if let slot = nextOfCluster(area) {
            offset = slot
            base = slot
            continue
          }
        } else if area.pointee.leftInCluster > 0 {
          offset &+= 1
          if area.pointee.count(offset).isFree {
            area.pointee.leftInCluster &-= 1
            continue
          }
        }
        step = .end
        if !hasSearchedMuch {
          let limit = offset < base ? base : area.pointee.highest
          patience &-= 1
          while offset <= limit && patience > 0 {
            if area.pointee.count(offset).isFree {
              step = .check
              break
            }
            offset &+= 1
            patience &-= 1
          }
        }

      case .search:
        guard let found = search(area, behind: offset, base, &patience, &hasSearchedMuch) else {
          return taken
        }
        offset = found
        step = .check

      case .end:
        area.pointee.next = offset &+ 1
        return taken
      }
    }
  }

  /// Marks a free slot as taken (`swap_range_alloc()`).
  private mutating func take(_ offset: UInt64, of area: KernelPointer<SwapArea<B>>) {
    area.pointee.set(.cached, at: offset)
    area.pointee.clusters?.use(offset)
    if offset == area.pointee.lowest { area.pointee.lowest &+= 1 }
    if offset == area.pointee.highest { area.pointee.highest &-= 1 }
    area.pointee.inUse &+= 1
    if area.pointee.inUse == area.pointee.pages {
      area.pointee.lowest = area.pointee.maximum
      area.pointee.highest = 0
      area.pointee.isAvailable = false
    }
  }

  private mutating func nextOfCluster(_ area: KernelPointer<SwapArea<B>>) -> UInt64? {
    let counts = area.pointee.counts
    return area.pointee.clusters?.nextSlot(below: area.pointee.maximum) { counts[$0] == 0 }
  }

  /// The start of the first run of free slots, or where the search stood if there is none.
  ///
  /// The search takes of the patience, so that few slots are taken after it.
  private func beginRun(
    _ area: KernelPointer<SwapArea<B>>, _ place: UInt64, _ patience: inout Int
  ) -> UInt64 {
    let run = SwapClusters<B>.slots(board.pageSize)
    area.pointee.leftInCluster = run &- 1
    guard area.pointee.pages &- area.pointee.inUse >= run else { return place }
    var offset = area.pointee.lowest
    let first = offset
    var last = offset &+ run &- 1
    while last <= area.pointee.highest {
      if !area.pointee.count(offset).isFree {
        last = offset &+ run
      } else if offset == last {
        offset &-= run &- 1
        area.pointee.next = offset
        return offset
      }
      patience &-= 1
      if patience < 0 { patience = 256 }
      offset &+= 1
    }
    return first
  }

  /// The next slot behind one that is free, or can be made so; then from the start.
  private func search(
    _ area: KernelPointer<SwapArea<B>>, behind place: UInt64, _ base: UInt64,
    _ patience: inout Int, _ hasSearchedMuch: inout Bool
  ) -> UInt64? {
    func mayBeTaken(_ offset: UInt64) -> Bool {
      let count = area.pointee.count(offset)
      patience &-= 1
      if patience < 0 {
        patience = 256
        hasSearchedMuch = true
      }
      return count.isFree || isFull && count == .cached && isInCache(offset, of: area)
    }
    var offset = place &+ 1
    while offset <= area.pointee.highest {
      if mayBeTaken(offset) { return offset }
      offset &+= 1
    }
    offset = area.pointee.lowest
    while offset < base {
      if mayBeTaken(offset) { return offset }
      offset &+= 1
    }
    return nil
  }

  /// Whether a slot's page is in the cache and could be taken out: else it is in a stock, and
  /// looking at it again would lead nowhere.
  private func isInCache(_ offset: UInt64, of area: KernelPointer<SwapArea<B>>) -> Bool {
    guard let number = trees.find(offset, in: area.pointee.cache) else { return false }
    return !frames.pointee.frame(number).pointee.flags.contains(.writeback)
  }
}
