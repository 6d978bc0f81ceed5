import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// Bringing pages into the cache (mm/swap_state.c).
extension SwapSpace {
  /// What came of asking for a slot's page.
  public struct Brought: BitwiseCopyable, Sendable {
    public var frame: PageFrameNumber
    /// It is new, and has been read.
    public var wasRead: Bool
  }

  /// The page of a slot in the cache, read if it is not there (`read_swap_cache_async()`).
  ///
  /// Nil without memory, or where nothing names the slot any more. A new page has the cache's
  /// reference alone; whoever keeps it adds one. A page that could not be read is there, and not up
  /// to date.
  ///
  /// - Parameter waits: whether the page is to be there; else it may be locked, and being read.
  public mutating func bring(
    _ entry: SwapEntry, isAhead: Bool = false, waits: Bool = true
  ) -> Brought? {
    if let number = cached(entry) {
      if waits { waitForRead(of: number) }
      return Brought(frame: number, wasRead: false)
    }
    guard users(of: entry) > 0, let number = makeFrame(for: entry) else { return nil }
    let shadow: UInt64?
    let frame = frames.pointee.frame(number)
    do throws(Errno) {
      try prepareCache(entry)
    } catch {
      frames.pointee.free(number)
      return nil
    }
    do throws(Errno) {
      shadow = try addToCache(number, entry, .kernel)
    } catch {
      uncache(entry)
      frames.pointee.free(number)
      return nil
    }
    if let shadow { noteReturn(number, shadow) }
    frames.pointee.addToLRU(number)
    // The cache's reference is enough from here on.
    frame.pointee.referenceCount &-= 1
    _ = read(entry, into: number)
    if isAhead {
      frame.pointee.flags.insert(.readahead)
      frames.pointee.count(.swap_ra)
    }
    if waits { waitForRead(of: number) }
    return Brought(frame: number, wasRead: true)
  }

  /// A page of the cache is wanted; whether it had been read ahead (`swap_cache_get_folio()`).
  @discardableResult
  public mutating func noteUse(_ number: PageFrameNumber, countsHit: Bool) -> Bool {
    let frame = frames.pointee.frame(number)
    guard frame.pointee.flags.contains(.readahead) else { return false }
    frame.pointee.flags.remove(.readahead)
    frames.pointee.count(.swap_ra_hit)
    if countsHit { readahead.hits &+= 1 }
    return true
  }

  /// The first slot of an area, from one on, that something names besides the cache; nil for none:
  /// what swapoff has to bring back (`find_next_to_unuse()`).
  public func nextInUse(_ number: Int, from offset: UInt64) -> SwapEntry? {
    guard let area = areas[number] else { return nil }
    var offset = max(offset, 1)
    while offset < area.pointee.maximum {
      let count = area.pointee.count(offset)
      if count != .bad, count.users > 0 || trees.find(offset, in: area.pointee.cache) != nil {
        return SwapEntry(area: number, offset: offset)
      }
      offset &+= 1
    }
    return nil
  }
}

extension SwapSpace {
  /// Reads the neighbours of a slot on its device (`swap_cluster_readahead()`); false where there
  /// was no room, so that all of it is to be tried again (``isToRetry(_:)``).
  public mutating func readAhead(around entry: SwapEntry) -> Bool {
    let before = readahead
    guard let slots = cluster(around: entry) else { return true }
    for offset in slots {
      let other = SwapEntry(area: entry.area, offset: offset)
      guard bring(other, isAhead: other != entry, waits: false) == nil, users(of: other) > 0 else {
        continue
      }
      if isToRetry(entry) {
        readahead = before
        return false
      }
      break
    }
    frames.pointee.drainLRU()
    return true
  }

  /// Whether reading ahead of a slot, which found no room, is to be given up and done again when
  /// there is some: once.
  ///
  /// Linux makes room for each page that it reads ahead; here the fault has to fail for that, and
  /// would find its window spent.
  public mutating func isToRetry(_ entry: SwapEntry) -> Bool {
    guard shortAt != entry else { return false }
    shortAt = entry
    return true
  }

  /// A new frame with a slot's page, past the cache; nil without memory.
  ///
  /// The one place that names the slot is the caller's, who gives it up. The page is not up to date
  /// where the device failed.
  public mutating func readPastCache(_ entry: SwapEntry) -> PageFrameNumber? {
    guard let number = makeFrame(for: entry) else { return nil }
    if let area = area(of: entry),
      let shadow = trees.entry(at: entry.offset, in: area.pointee.cache).value
    {
      noteReturn(number, shadow)
    }
    frames.pointee.addToLRU(number)
    _ = read(entry, into: number)
    return number
  }

  /// A frame for a page of swap, charged to the group that the slot is charged to, whoever brings it
  /// back; nil without memory, or beyond the group's limit (`mem_cgroup_swapin_charge_folio()`).
  private func makeFrame(for entry: SwapEntry) -> PageFrameNumber? {
    guard let number = frames.pointee.allocate(.highUserMovable) else { return nil }
    guard frames.pointee.charge(number, asSwappedBy: UInt32(group(of: entry))) else {
      frames.pointee.free(number)
      return nil
    }
    let frame = frames.pointee.frame(number)
    frame.pointee.state = .anonymous
    frame.pointee.flags = .swapBacked
    frame.pointee.mapping = 0
    frame.pointee.mapCount = 0
    return number
  }

  /// A page comes back whose slot remembers when it went (`workingset_refault()`).
  func noteReturn(_ number: PageFrameNumber, _ shadow: UInt64) {
    frames.pointee.refault(number, shadow)
  }
}

extension SwapSpace {
  /// Takes pages whose slots nothing names out of an area's cache: what is left of them after
  /// all others were brought back (the last part of `try_to_unuse()`).
  ///
  /// Their last users went while they were being written.
  public mutating func forgetUnused(_ number: Int) {
    waitForWrites()
    var offset: UInt64 = 1
    while let entry = nextInUse(number, from: offset) {
      if let page = cached(entry) { freeCached(page) }
      offset = entry.offset &+ 1
    }
    emptyStocks()
  }
}
