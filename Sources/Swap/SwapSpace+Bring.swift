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
    /// What was remembered of when it went.
    public var shadow: UInt64?
  }

  /// The page of a slot in the cache, read if it is not there (`read_swap_cache_async()`).
  ///
  /// Nil without memory, or where nothing names the slot any more. A new page has the cache's
  /// reference alone; whoever keeps it adds one. A page that could not be read is there, and not up
  /// to date.
  public mutating func bring(_ entry: SwapEntry, isAhead: Bool = false) -> Brought? {
    if let number = cached(entry) { return Brought(frame: number, wasRead: false, shadow: nil) }
    guard users(of: entry) > 0, let number = frames.pointee.allocate(.highUserMovable) else {
      return nil
    }
    let shadow: UInt64?
    let frame = frames.pointee.frame(number)
    frame.pointee.state = .anonymous
    frame.pointee.flags = .swapBacked
    frame.pointee.mapping = 0
    frame.pointee.mapCount = 0
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
    frames.pointee.addToLRU(number)
    // The cache's reference is enough from here on.
    frame.pointee.referenceCount &-= 1
    _ = read(entry, into: number)
    if isAhead {
      frame.pointee.flags.insert(.readahead)
      frames.pointee.count(.swap_ra)
    }
    return Brought(frame: number, wasRead: true, shadow: shadow)
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
