import Arm64
import BoardFormat
import MemoryTypes
import PageFrames
import Swap

/// Advice about how soon pages are wanted again (mm/madvise.c).
extension AddressSpace {
  /// MADV_FREE (`madvise_free_pte_range()`): pages become old and clean, so that they may be taken
  /// if memory is wanted; a write before that keeps them.
  mutating func markFreeable(_ start: VirtualAddress, _ end: VirtualAddress) {
    let geometry = board.translation
    let frames = frames
    var changed: UInt64 = 0
    frames.pointee.drainLRU()
    tables.forEachRun(in: start..<end) { run in
      for index in 0..<run.count {
        let old = run[index]
        if let entry = old.swapEntry {
          // What is in a slot is let go at once.
          run[index] = .none
          context.pointee.swap.pointee.freeAndCache(entry)
          addResident(.swapped, -1)
          continue
        }
        guard old.isPresent, !old.isSpecial else { continue }
        let number = old.frame(in: geometry)
        let frame = frames.pointee.frame(number)
        if frame.pointee.flags.contains(.swapCache) {
          guard frame.pointee.mapCount == 1,
            context.pointee.swap.pointee.freeCached(number)
          else { continue }
          frame.pointee.flags.remove(.dirty)
        } else if frame.pointee.flags.contains(.dirty) {
          // Whoever shares it may count on its dirtiness.
          guard frame.pointee.mapCount == 1 else { continue }
          frame.pointee.flags.remove(.dirty)
        }
        let new = old.madeClean.madeOld
        if new != old {
          run[index] = new
          changed &+= 1
        }
        frames.pointee.markLazyFree(number)
      }
    }
    traceEntries(.aged, start, changed)
    if changed != 0 { invalidate(start, end, tables: false) }
  }

  /// MADV_COLD, and the half of MADV_PAGEOUT that is the space's own
  /// (`madvise_cold_or_pageout_pte_range()`): pages that nobody else has become old, and inactive.
  mutating func markCold(_ start: VirtualAddress, _ end: VirtualAddress, deactivates: Bool) {
    let geometry = board.translation
    let frames = frames
    var changed: UInt64 = 0
    frames.pointee.drainLRU()
    tables.forEachRun(in: start..<end) { run in
      for index in 0..<run.count {
        let old = run[index]
        guard old.isPresent, !old.isSpecial else { continue }
        let number = old.frame(in: geometry)
        let frame = frames.pointee.frame(number)
        guard frame.pointee.mapCount == 1, frame.pointee.flags.contains(.lru) else { continue }
        if old.isYoung {
          run[index] = old.madeOld
          changed &+= 1
        }
        frame.pointee.flags.remove(.referenced)
        if deactivates { frames.pointee.deactivate(number) }
      }
    }
    traceEntries(.aged, start, changed)
    if changed != 0 { invalidate(start, end, tables: false) }
  }
}
