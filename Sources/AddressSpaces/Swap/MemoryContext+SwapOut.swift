import Arm64
import Files
public import MemoryTypes
import PageFrames
public import Swap

/// Taking anonymous pages out of RAM: what reclaim does with a page that it has isolated
/// (mm/vmscan.c:shrink_folio_list(), mm/rmap.c:try_to_unmap_one()).
extension MemoryContext {
  /// All swap areas and the swap cache.
  @inline(__always) public var swap: KernelPointer<SwapSpace<B>> { files.pointee.swap }

  /// Puts the page's slot in place of every entry that maps it; whether none is left.
  ///
  /// The page is in the swap cache. An entry remembers that its page was its process's alone.
  /// A page of a locked area stays.
  public func unmapToSwap(_ number: PageFrameNumber) -> Bool {
    let frame = frames.pointee.frame(number)
    precondition(frame.pointee.flags.contains(.swapCache))
    let entry = SwapEntry(rawValue: frame.pointee.privateWord)
    let isExclusive = frame.pointee.flags.contains(.anonymousExclusive)
    var mayGoOn = true
    forEachMapping(of: number) { mapping in
      guard mayGoOn else { return }
      if mapping.area.pointee.flags.contains(.locked) {
        frames.pointee.lock(number)
        mayGoOn = false
        return
      }
      do throws(Errno) {
        try swap.pointee.duplicate(entry)
      } catch {
        mayGoOn = false
        return
      }
      let old = mapping.slot.pointee
      mapping.slot.pointee = .none
      mapping.space.pointee.taken.add(mapping.area.pointee.start)
      mapping.space.pointee.invalidatePage(mapping.address)
      if old.isDirty { frame.pointee.flags.insert(.dirty) }
      frame.pointee.flags.remove(.anonymousExclusive)
      mapping.slot.pointee = Descriptor(swapped: entry, isExclusive: isExclusive)
      mapping.space.pointee.becomeSwapped()
      frame.pointee.mapCount &-= 1
      if frame.pointee.mapCount == 0 {
        frames.pointee.count(.nr_anon_pages, by: -1)
        frames.pointee.countGroup(.nr_anon_pages, frame, by: -1)
      }
      frames.pointee.release(number)
    }
    return frame.pointee.mapCount == 0
  }

  /// How far a page came on its way out.
  public enum SwapOut: BitwiseCopyable, Sendable {
    /// It is gone: no reference but the caller's is left, which frees it.
    case freed
    /// It is being written, and can be taken when that has ended.
    case beingWritten
    /// It stays.
    case kept
  }

  /// Takes an anonymous page that nobody may find (``FrameAllocator/isolate(_:)``) out of RAM, as
  /// far as that is possible now; the caller has one reference.
  ///
  /// - Parameter shadow: What is left in its place, if it can be taken.
  public func swapOut(
    _ number: PageFrameNumber, shadow: (PageFrameNumber) -> UInt64?
  ) -> SwapOut {
    let frame = frames.pointee.frame(number)
    swap.pointee.settle()
    if frame.pointee.flags.contains(.writeback) {
      frame.pointee.flags.insert(.reclaim)
      return .beingWritten
    }
    if !frame.pointee.flags.contains(.swapCache) {
      guard swap.pointee.addToSwap(number) else { return .kept }
    }
    if frame.pointee.mapCount > 0, !unmapToSwap(number) { return .kept }
    if frame.pointee.flags.contains(.dirty) {
      frame.pointee.flags.insert(.reclaim)
      swap.pointee.write(number)
      if frame.pointee.flags.contains(.writeback) { return .beingWritten }
      frame.pointee.flags.remove(.reclaim)
      if frame.pointee.flags.contains(.dirty) { return .kept }
    }
    return takeFromSwapCache(number, shadow) ? .freed : .kept
  }

  /// Takes a clean page that nothing maps out of the cache; false where somebody else has it, too
  /// (`__remove_mapping()`).
  public func takeFromSwapCache(
    _ number: PageFrameNumber, _ shadow: (PageFrameNumber) -> UInt64?
  ) -> Bool {
    let frame = frames.pointee.frame(number)
    guard frame.pointee.flags.contains(.swapCache), frame.pointee.referenceCount == 2,
      frame.pointee.flags.isDisjoint(with: [.dirty, .writeback])
    else { return false }
    swap.pointee.removeFromCache(number, shadow: shadow(number))
    return true
  }
}

extension AddressSpace {
  /// One page of its own is in a slot now.
  mutating func becomeSwapped() {
    rememberPeakResident()
    resident[PageKind.anonymous.rawValue] &-= 1
    resident[PageKind.swapped.rawValue] &+= 1
  }
}
