public import AddressSpaces
import Arm64
import Files
public import MemoryTypes
import PageFrames
import Swap

// Migration: a page gets another frame, and nobody notices (mm/migrate.c).
//
// Terms
// - The page is *isolated* first: taken off its LRU list, so that nobody else finds it there, with a
//   reference of whoever moves it. A page that waits in a batch is on no list yet and stays.
// - It can be moved if every reference is accounted for: one for each entry that maps it, the page
//   cache's or the swap cache's, the mover's. Any other is somebody who has its address (a pipe, a
//   batch): *pinned*.
// - A page that is being written is the device's until it has been: who moves without haste waits.
// - Then: bytes, what the frame says of its owner, the place in the page cache, every entry through
//   the reverse map, the group's charge. The old frame has nothing left but the mover's reference.
//
// Linux puts a migration entry into the tables meanwhile, at which faults of other processors wait.
// No program runs here while a page moves, so there is no such state; with several CPUs the entry
// would have to be one, and the fault would be answered "again".
//
// Invariants
// - references and mapCount of the new frame == those of the old one before, less the mover's;
// - no byte changes, no entry's rights or state (young, dirty, exclusive) change;
// - a page that could not be moved is as it was.

extension MemoryContext {
  /// Moves an isolated page to a frame that was allocated for it, and gives the old frame back;
  /// false where it is pinned, or nobody could find the way back to its entries.
  ///
  /// The new frame is on its list then, by way of the batch (move_to_new_folio(), migrate_folio()).
  /// Only ``MigrateMode/full`` waits for a page that is being written (`__unmap_and_move()`).
  public func migrate(
    _ old: PageFrameNumber, to new: PageFrameNumber, _ mode: MigrateMode = .full
  ) -> Bool {
    let source = frames.pointee.frame(old)
    let target = frames.pointee.frame(new)
    if source.pointee.flags.contains(.writeback) {
      guard mode == .full else { return false }
      swap.pointee.waitForWrite(of: old)
    }
    guard isMovable(old) else { return false }
    let size = board.pageSize
    board.copyPage(from: old.address(size), to: new.address(size), size)
    let isSwapCached = source.pointee.flags.contains(.swapCache)
    let isCached = source.pointee.state == .pageCache && !isSwapCached
    target.pointee.state = source.pointee.state
    target.pointee.mapping = source.pointee.mapping
    target.pointee.index = source.pointee.index
    target.pointee.privateWord = source.pointee.privateWord
    frames.pointee.moveCharge(from: old, to: new)
    source.pointee.privateWord = 0
    frames.pointee.moveFlags(from: old, to: new)
    if isCached { files.pointee.replaceCached(old, with: new) }
    if isSwapCached { swap.pointee.replaceCached(old, with: new) }
    replaceFrame(old, with: new)
    source.pointee.state = .kernel
    source.pointee.mapping = 0
    frames.pointee.addToLRU(new)
    // The allocation's reference: entries, cache and batch have theirs.
    target.pointee.referenceCount &-= 1
    if target.pointee.mapCount > 0 { frames.pointee.drainLRU() }
    frames.pointee.release(old)
    return true
  }

  /// Whether every reference to an isolated page is accounted for (folio_expected_refs()).
  func isMovable(_ number: PageFrameNumber) -> Bool {
    let frame = frames.pointee.frame(number)
    let flags = frame.pointee.flags
    guard flags.isDisjoint(with: [.writeback, .locked]) else { return false }
    let references = frame.pointee.mapCount &+ 1
    if flags.contains(.swapCache) { return frame.pointee.referenceCount == references &+ 1 }
    switch frame.pointee.state {
    case .anonymous: return frame.pointee.referenceCount == references
    case .pageCache:
      // Of a page that was cut off its file nobody knows who maps it.
      return frame.pointee.mapping != 0 && frame.pointee.referenceCount == references &+ 1
    default: return false
    }
  }
}
