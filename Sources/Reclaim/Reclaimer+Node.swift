import AddressSpaces
import Arm64
import Files
import KernelHeap
import MemoryTypes
import PageFrames
import Swap

/// A pass over the node, and what repeats it (shrink_node(), do_try_to_free_pages()).
extension Reclaimer {
  /// Frees pages for a request that found none, at rising priorities; how many
  /// (try_to_free_pages(), try_to_free_mem_cgroup_pages()).
  public func free(_ scan: inout ScanControl) -> Int {
    let first = scan.priority
    var hasWaited = false
    while true {
      if !scan.isOfGroup { frames.pointee.count(.allocstall(scan.highest)) }
      while true {
        scan.scanned = 0
        shrinkNode(&scan)
        if scan.reclaimed >= scan.wanted { break }
        scan.priority &-= 1
        if scan.priority < 0 { break }
      }
      rememberActivations(scan.group)
      if scan.reclaimed != 0 { return scan.reclaimed }
      // All that could be taken is being written: that comes to an end
      // (reclaim_throttle(VMSCAN_THROTTLE_WRITEBACK)). Once: where every write fails it would be for
      // ever.
      if frames.pointee.statistic(.nr_writeback) != 0, !hasWaited {
        hasWaited = true
        memory.pointee.swap.pointee.waitForWrites()
        scan.priority = first
        continue
      }
      // The lists' proportions may have misled: once more, and age everything.
      if scan.skippedDeactivation {
        scan.priority = first
        scan.forcesDeactivation = true
        scan.skippedDeactivation = false
        continue
      }
      // Groups that were only protected as long as there was something else.
      if scan.skippedLow {
        scan.priority = first
        scan.forcesDeactivation = false
        scan.reclaimsLow = true
        scan.skippedLow = false
        continue
      }
      return 0
    }
  }

  /// One pass at one priority.
  public func shrinkNode(_ scan: inout ScanControl) {
    let before = scan.reclaimed
    scan.met = ScanControl.Met()
    prepare(&scan)
    shrinkGroups(&scan)
    if scan.isKswapd {
      if scan.met.writeback != 0 && scan.met.writeback == scan.met.taken {
        frames.pointee.meetsWriteback = true
      }
      if scan.met.unqueuedDirty == scan.met.fileTaken { frames.pointee.meetsDirty = true }
    }
    if scan.reclaimed != before { frames.pointee.kswapd.failures = 0 }
  }

  /// All vectors of the group that must shrink and of those below it (shrink_node_memcgs()).
  private func shrinkGroups(_ scan: inout ScanControl) {
    let root = frames.pointee.group(scan.group)
    if root == nil {
      shrink(frames.pointee.lruVector(group: 0), &scan)
      shrinkObjects(&scan)
    }
    forEachGroup(below: root) { group in
      group.calculateProtection(from: root)
      if !isProtected(group, &scan) { shrink(group.pointee.lru, &scan) }
    }
  }

  /// Visits all groups below a root; the last page of any of them may go meanwhile, and with it the
  /// group.
  func forEachGroup(
    below root: KernelPointer<MemoryGroup>?, _ body: (KernelPointer<MemoryGroup>) -> Void
  ) {
    let frames = frames
    var next = frames.pointee.group(after: nil, below: root)
    if let next { frames.pointee.hold(next) }
    while let group = next {
      body(group)
      // First, so that none of them is the next.
      frames.pointee.removeUnreferenced()
      next = frames.pointee.group(after: group, below: root)
      if let next { frames.pointee.hold(next) }
      frames.pointee.letGo(group)
    }
  }

  /// Whether nothing may be taken from a group; one that is only below its `memory.low` is spared as
  /// long as there is something else.
  private func isProtected(
    _ group: KernelPointer<MemoryGroup>, _ scan: inout ScanControl
  ) -> Bool {
    if group.isBelowMinimum { return true }
    guard group.isBelowLow else { return false }
    if !scan.reclaimsLow {
      scan.skippedLow = true
      return true
    }
    group.note(.low)
    return false
  }

  /// What shrinkers give up; frames of slabs that became empty count as taken
  /// (`reclaim_state->reclaimed_slab`).
  private func shrinkObjects(_ scan: inout ScanControl) {
    let slabs = frames.pointee.statistic(.nr_slab_reclaimable)
    memory.pointee.slab.pointee.shrinkObjects(scan.flags, priority: scan.priority)
    scan.reclaimed &+= max(slabs &- frames.pointee.statistic(.nr_slab_reclaimable), 0)
  }

  /// snapshot_refaults().
  public func rememberActivations(_ group: UInt32) {
    let vector = frames.pointee.lruVector(group: group)
    vector.pointee.seenActivated = vector.pointee.activated
  }

  /// kswapd ages anonymous pages a little before each pass (kswapd_age_node()).
  func ageLists(_ scan: ScanControl) {
    let vector = frames.pointee.lruVector(group: 0)
    guard agesAnonymous, isLow(vector, .inactiveAnonymous) else { return }
    ageActive(.activeAnonymous, Self.batch, vector, scan)
    forEachGroup(below: nil) { ageActive(.activeAnonymous, Self.batch, $0.pointee.lru, scan) }
  }

  /// Pages that could be taken at all (zone_reclaimable_pages()).
  public func reclaimablePages(_ scan: ScanControl) -> Int {
    var pages =
      frames.pointee.statistic(.nr_inactive_file) &+ frames.pointee.statistic(.nr_active_file)
    if canSwap(scan) {
      pages &+=
        frames.pointee.statistic(.nr_inactive_anon) &+ frames.pointee.statistic(.nr_active_anon)
    }
    return pages
  }

  /// Drops the clean pages of files that nothing maps and that can be read again
  /// (fs/drop_caches.c:drop_pagecache_sb(), mm/truncate.c:invalidate_mapping_pages()).
  ///
  /// How many; those that stay become inactive.
  @discardableResult
  public func dropPageCache() -> Int {
    let frames = frames
    memory.pointee.files.pointee.forgetEvictions()
    frames.pointee.drainLRU()
    var dropped = dropPageCache(of: frames.pointee.lruVector(group: 0))
    forEachGroup(below: nil) { dropped &+= dropPageCache(of: $0.pointee.lru) }
    return dropped
  }

  private func dropPageCache(of vector: KernelPointer<LRUVector>) -> Int {
    let frames = frames
    var dropped = 0
    for place in 0..<FrameAllocator<B>.places where FrameAllocator<B>.isOfFiles(place: place) {
      frames.pointee.isolateAll(from: vector, place: place)
      while let number = frames.pointee.takeHeld() {
        let frame = frames.pointee.frame(number)
        if memory.pointee.files.pointee.evict(number, leavesShadow: false) {
          frames.pointee.release(number)
          dropped &+= 1
        } else {
          if frame.pointee.state == .pageCache && frame.pointee.mapCount == 0
            && frame.pointee.flags.contains(.active)
          {
            frame.pointee.flags.subtract([.active, .referenced])
            frames.pointee.count(.pgdeactivate)
          }
          frames.pointee.keep(number)
        }
      }
      frames.pointee.putBack(.kept)
    }
    return dropped
  }
}
