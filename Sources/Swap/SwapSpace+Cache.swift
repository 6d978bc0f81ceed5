import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// Pages that are in RAM and in a slot (mm/swap_state.c).
extension SwapSpace {
  /// The frame of a page that is in the cache.
  @inline(__always)
  public func cached(_ entry: SwapEntry) -> PageFrameNumber? {
    guard let area = area(of: entry) else { return nil }
    return trees.find(entry.offset, in: area.pointee.cache)
  }

  /// Gives a page in RAM a slot, and puts it into the cache, dirty (`add_to_swap()`).
  ///
  /// False where there is no slot, or no memory for the cache.
  public mutating func addToSwap(_ number: PageFrameNumber) -> Bool {
    precondition(!frames.pointee.frame(number).pointee.flags.contains(.swapCache))
    guard let entry = allocateSlot() else {
      frames.pointee.noteSwapFailure(of: number)
      return false
    }
    guard let group = frames.pointee.chargeSwap(for: number) else {
      uncache(entry)
      return false
    }
    setGroup(UInt16(truncatingIfNeeded: group), of: entry)
    do throws(Errno) {
      _ = try addToCache(number, entry, [.high, .noReserves, .noWarn])
    } catch {
      uncache(entry)
      return false
    }
    // Even where its entries are clean: what MADV_FREE left must not be lost.
    frames.pointee.frame(number).pointee.flags.formUnion([.dirty, .uptodate])
    return true
  }

  /// Puts a page at a slot that is marked as cached, and answers what was remembered of the last
  /// one there; the cache has a reference then (`add_to_swap_cache()`).
  @discardableResult
  mutating func addToCache(
    _ number: PageFrameNumber, _ entry: SwapEntry, _ flags: GFP
  ) throws(Errno) -> UInt64? {
    guard let area = area(of: entry) else { throw .EINVAL }
    let shadow = try trees.insert(number, at: entry.offset, in: &area.pointee.cache, flags)
    let frame = frames.pointee.frame(number)
    frame.pointee.referenceCount &+= 1
    frame.pointee.flags.insert(.swapCache)
    frame.pointee.privateWord = entry.rawValue
    frames.pointee.count(.nr_file_pages, by: 1)
    frames.pointee.count(.nr_swapcached, by: 1)
    frames.pointee.countGroup(.nr_swapcached, frame, by: 1)
    cachedPages &+= 1
    return shadow
  }

  /// Takes a page out of the cache, with the reference of that, and gives its slot back if nothing
  /// else names it; a shadow may stay in its place (`__delete_from_swap_cache()` and
  /// `put_swap_folio()`).
  public mutating func removeFromCache(_ number: PageFrameNumber, shadow: UInt64? = nil) {
    let frame = frames.pointee.frame(number)
    precondition(frame.pointee.flags.contains(.swapCache))
    precondition(!frame.pointee.flags.contains(.writeback))
    let entry = SwapEntry(rawValue: frame.pointee.privateWord)
    guard let area = area(of: entry) else { return }
    if let shadow {
      // Something stands there already, so that no memory is needed.
      _ = try? trees.store(.value(shadow), at: entry.offset, in: &area.pointee.cache)
    } else {
      trees.remove(entry.offset, in: &area.pointee.cache)
    }
    frame.pointee.flags.remove(.swapCache)
    frame.pointee.privateWord = 0
    frames.pointee.count(.nr_file_pages, by: -1)
    frames.pointee.count(.nr_swapcached, by: -1)
    frames.pointee.countGroup(.nr_swapcached, frame, by: -1)
    cachedPages &-= 1
    uncache(entry)
    frames.pointee.release(number)
  }

  /// Puts another frame in the place of a page of the cache, with the cache's reference
  /// (mm/migrate.c:folio_migrate_mapping()).
  ///
  /// The frame says already what the page's said; no slot and no count changes.
  public mutating func replaceCached(_ old: PageFrameNumber, with new: PageFrameNumber) {
    let target = frames.pointee.frame(new)
    precondition(target.pointee.flags.contains(.swapCache))
    let entry = SwapEntry(rawValue: target.pointee.privateWord)
    guard let area = area(of: entry) else { return }
    // Something stands there, so that no node is needed.
    _ = try? trees.store(.frame(new), at: entry.offset, in: &area.pointee.cache)
    frames.pointee.frame(old).pointee.referenceCount &-= 1
    target.pointee.referenceCount &+= 1
  }

  /// Takes a page out of the cache if its slot is named by nothing else: it stays in RAM, and is
  /// the only copy then (`folio_free_swap()`).
  ///
  /// Ends no writes: reclaim comes here with pages in hand that are on no list, which could not be
  /// put to the end of theirs.
  @discardableResult
  public mutating func freeCached(_ number: PageFrameNumber) -> Bool {
    let frame = frames.pointee.frame(number)
    guard frame.pointee.flags.contains(.swapCache) else { return false }
    guard frame.pointee.flags.isDisjoint(with: [.writeback, .locked]),
      users(of: SwapEntry(rawValue: frame.pointee.privateWord)) == 0
    else { return false }
    frame.pointee.flags.insert(.dirty)
    removeFromCache(number)
    return true
  }

  /// The same by its slot (`__try_to_reclaim_swap()`).
  mutating func freeCached(_ entry: SwapEntry) -> Bool {
    guard let number = cached(entry) else { return false }
    return freeCached(number)
  }
}
