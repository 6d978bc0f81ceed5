import Arm64
import BoardFormat
import MemoryTypes
import PageFrames
import Swap

/// A fault on a page that was swapped out (mm/memory.c:do_swap_page()).
extension AddressSpace {
  /// Brings the page back and maps it.
  ///
  /// It is *exclusive*, so that it may be written where it is, if the entry says that nobody else
  /// had it, or if it was read past the cache, or if no reference but ours is left.
  @inline(never)
  mutating func swapFault(
    _ area: Area, _ page: VirtualAddress, _ slot: KernelPointer<Descriptor>, _ old: Descriptor,
    write: Bool, _ isMajor: inout Bool
  ) -> FaultOutcome {
    guard let entry = old.swapEntry else { return .beyondObject }
    let swap = context.pointee.swap
    let frames = frames
    swap.pointee.settle()
    let number: PageFrameNumber
    var isCached = true
    if let found = swap.pointee.cached(entry) {
      noteSwapHit(found, page)
      number = found
    } else {
      // One user of a device that answers at once: the cache would be passed through for nothing.
      if swap.pointee.isSynchronous(entry) && swap.pointee.users(of: entry) == 1 {
        guard let new = swap.pointee.readPastCache(entry) else { return .outOfMemory }
        number = new
        isCached = false
      } else {
        guard let new = swapIn(area, page, entry) else { return .outOfMemory }
        number = new
      }
      isMajor = true
    }
    let frame = frames.pointee.frame(number)
    let task = context.pointee.current
    let hasWaited = task.pointee.isAwaiting && task.pointee.awaited == number
    // A page that somebody else had read ahead, and that could not be read, is tried again: only who
    // waited for it is told.
    if frame.pointee.flags.contains(.locked)
      || !hasWaited && isCached && !frame.pointee.flags.contains(.uptodate)
        && swap.pointee.readAgain(entry, into: number)
    {
      task.pointee.awaited = number
      task.pointee.isAwaiting = true
      return .beingRead
    }
    task.pointee.isAwaiting = false
    // It was waited for (FAULT_FLAG_TRIED).
    if hasWaited { isMajor = true }
    if isCached {
      frame.pointee.referenceCount &+= 1
      // So that the references left are ours and the cache's.
      if write && !frame.pointee.flags.contains(.lru) { frames.pointee.drainLRU() }
    }
    guard frame.pointee.flags.contains(.uptodate) else {
      frames.pointee.release(number)
      return .beyondObject
    }
    swap.pointee.free(entry)
    if isCached, mayFreeSwap(frame, area, write: write) { swap.pointee.freeCached(number) }
    addResident(.anonymous, 1)
    addResident(.swapped, -1)

    var descriptor = Descriptor(page: number, area.pointee.protection, in: board.translation)
    let isExclusive = !isCached || old.isSwapExclusive || frame.pointee.referenceCount == 1
    let isWritten = write && isExclusive
    if isWritten {
      descriptor = descriptor.madeDirty
      if area.pointee.flags.contains(.write) { descriptor = descriptor.madeWritable }
    }
    mapSwapped(number, area, page, isExclusive: isExclusive)
    install(descriptor, at: slot)
    context.pointee.statistics.pointee.anonymousFaults &+= isMajor ? 1 : 0
    guard write && !isWritten else { return .resolved }
    return writeProtected(area, page, slot, descriptor)
  }

  /// Whether the page's slot is to be given up with its last entry (`should_try_to_free_swap()`):
  /// slots are few, or the page is to be locked or written, and only the cache has it besides.
  private func mayFreeSwap(
    _ frame: KernelPointer<Frame>, _ area: Area, write: Bool
  ) -> Bool {
    guard frame.pointee.flags.contains(.swapCache) else { return false }
    if context.pointee.swap.pointee.isFull || area.pointee.flags.contains(.locked)
      || frame.pointee.flags.contains(.mlocked)
    {
      return true
    }
    return write && frame.pointee.referenceCount == 2
  }

  /// One more entry for a page that came from swap (mm/rmap.c:page_add_anon_rmap()).
  ///
  /// One that others may have belongs to the oldest anon_vma that they share.
  func mapSwapped(
    _ number: PageFrameNumber, _ area: Area, _ page: VirtualAddress, isExclusive: Bool
  ) {
    let frame = frames.pointee.frame(number)
    let mapCount = frame.pointee.mapCount
    frame.pointee.mapCount = mapCount &+ 1
    if mapCount == 0 {
      frames.pointee.count(.nr_anon_pages, by: 1)
      frames.pointee.countGroup(.nr_anon_pages, frame, by: 1)
      let home = isExclusive ? area.pointee.anonVMA : area.pointee.anonVMA?.pointee.root
      frame.pointee.mapping = UInt64(home?.address ?? 0)
      frame.pointee.index =
        area.pointee.pageOffset &+ (page - area.pointee.start).rawValue &>> pageSize.shift
    }
    if isExclusive { frame.pointee.flags.insert(.anonymousExclusive) }
    if area.pointee.flags.contains(.locked) { frames.pointee.lock(number) }
  }

  /// A page of the cache is wanted here: what was read ahead was worth it.
  private mutating func noteSwapHit(_ number: PageFrameNumber, _ page: VirtualAddress) {
    let byAddress = context.pointee.swap.pointee.readsAheadByAddress
    let wasAhead = context.pointee.swap.pointee.noteUse(number, countsHit: !byAddress)
    if byAddress { swapReadahead.noteUse(at: page, wasAhead: wasAhead) }
  }

  /// Reads a page in, and those that will be wanted next (`swapin_readahead()`).
  mutating func swapIn(
    _ area: Area, _ page: VirtualAddress, _ entry: SwapEntry
  ) -> PageFrameNumber? {
    let swap = context.pointee.swap
    let isDone =
      swap.pointee.readsAheadByAddress
      ? readAheadByAddress(area, page, entry) : swap.pointee.readAhead(around: entry)
    guard isDone else { return nil }
    return swap.pointee.bring(entry, waits: false)?.frame
  }

  /// Reads the pages around an address that are in slots (`swap_vma_readahead()`); false where that
  /// is to be done again.
  private mutating func readAheadByAddress(
    _ area: Area, _ page: VirtualAddress, _ entry: SwapEntry
  ) -> Bool {
    let swap = context.pointee.swap
    let before = swapReadahead
    let window = swapReadahead.window(
      at: page, cluster: swap.pointee.pageCluster, pageSize)
    guard window.count > 1 else { return true }
    let table = page.alignedDown(to: board.translation.coverage(at: 2))
    let start = max(window.first(page, pageSize), max(area.pointee.start, table))
    let end = min(
      start + PageCount(window.count).bytes(of: pageSize),
      min(area.pointee.end, boundary(above: page, board.translation.coverage(at: 2))))
    guard start < end, let run = tables.run(at: start, end: end) else { return true }
    for index in 0..<run.count {
      guard let other = run[index].swapEntry else { continue }
      guard swap.pointee.bring(other, isAhead: other != entry, waits: false) == nil,
        swap.pointee.users(of: other) > 0
      else { continue }
      if swap.pointee.isToRetry(entry) {
        swapReadahead = before
        return false
      }
      break
    }
    frames.pointee.drainLRU()
    return true
  }
}
