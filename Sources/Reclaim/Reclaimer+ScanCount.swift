import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames
import Swap

/// How much of each list is looked at (prepare_scan_count(), get_scan_count()).
extension Reclaimer {
  /// Pages to look at, by list; the order of ``PageFrames/LRUList``.
  typealias Targets = InlineArray<4, Int>

  /// What is decided once for all groups of a pass.
  func prepareLists(_ scan: inout ScanControl) {
    let vector = frames.pointee.lruVector(group: scan.group)
    scan.costs = (vector.pointee.costs[0], vector.pointee.costs[1])
    if scan.forcesDeactivation {
      scan.deactivates = (true, true)
    } else {
      // Pages that came back mean that a new working set comes to be: old active ones must go.
      scan.deactivates = (
        vector.pointee.activated[0] != vector.pointee.seenActivated[0]
          || isLow(vector, .inactiveAnonymous),
        vector.pointee.activated[1] != vector.pointee.seenActivated[1]
          || isLow(vector, .inactiveFile)
      )
    }
    let file = frames.pointee.state(of: vector, .inactiveFile)
    scan.trimsCache = file &>> scan.priority != 0 && !scan.deactivates.file
    guard !scan.isOfGroup else { return }
    // The cache trap: cache pages begin inactive, so every fault of one makes the file lists look
    // more attractive, the smaller they are.
    let all =
      frames.pointee.statistic(.nr_active_file) &+ frames.pointee.statistic(.nr_inactive_file)
    let anonymous = frames.pointee.statistic(.nr_inactive_anon)
    scan.fileIsTiny =
      all &+ frames.pointee.statistic(.nr_free_pages) <= frames.pointee.highWatermarks
      && !scan.deactivates.anonymous && anonymous &>> scan.priority != 0
  }

  /// Whether an inactive list is so short that active pages should follow (inactive_is_low()):
  /// 1 : 1 below a gigabyte, and the longer the lists the smaller its share.
  func isLow(_ vector: KernelPointer<LRUVector>, _ list: LRUList) -> Bool {
    let inactive = frames.pointee.state(of: vector, list)
    let active = frames.pointee.state(
      of: vector, list == .inactiveFile ? .activeFile : .activeAnonymous)
    let gigabytes =
      UInt64(max(inactive &+ active, 0)) &>> (30 &- memory.pointee.board.pageSize.shift)
    let ratio = gigabytes == 0 ? 1 : Int(Watermarks.squareRoot(10 &* gigabytes))
    return inactive &* ratio < active
  }

  /// The pages of each list of a vector that are to be looked at.
  func scanCount(_ vector: KernelPointer<LRUVector>, _ scan: inout ScanControl) -> Targets {
    let share = balance(scan, of: vector.pointee.group)
    let isOnline = frames.pointee.group(vector.pointee.group)?.pointee.isOnline ?? true
    var targets = Targets(repeating: 0)
    for index in 0..<4 {
      guard let list = LRUList(rawValue: UInt8(index)) else { continue }
      let size = vector.pointee.size(list, upTo: scan.highest)
      var pages = UInt64(max(unprotected(size, of: vector, &scan), 0) &>> scan.priority)
      var looks = pages &* (index < 2 ? share.anonymous : share.file)
      if !isOnline {
        // The last page of a group that is gone must not be missed by rounding.
        if pages == 0 { pages = UInt64(min(max(size, 0), Self.batch)) }
        looks = pages &* (index < 2 ? share.anonymous : share.file) &+ share.of &- 1
      }
      targets[index] = Int(truncatingIfNeeded: looks / share.of)
    }
    return targets
  }

  /// What of a list is looked at where the group has protection: as much less as its protected part
  /// is of all it uses (get_scan_count(), mem_cgroup_protection()).
  private func unprotected(
    _ size: Int, of vector: KernelPointer<LRUVector>, _ scan: inout ScanControl
  ) -> Int {
    // What the reclaim began with is not protected from itself.
    guard vector.pointee.group != scan.group,
      let group = frames.pointee.group(vector.pointee.group)
    else { return size }
    let minimum = group.pointee.memory.effectiveMinimum
    let low = group.pointee.memory.effectiveLow
    guard minimum != 0 || low != 0 else { return size }
    var protected = minimum
    if !scan.reclaimsLow && low > minimum {
      protected = low
      scan.skippedLow = true
    }
    let usage = UInt64(max(group.pointee.memory.usage, protected))
    let spared = UInt64(max(size, 0)).multipliedFullWidth(by: UInt64(max(protected, 0)))
    let (share, _) = (usage &+ 1).dividingFullWidth(spared)
    return max(size &- Int(truncatingIfNeeded: share), Self.batch)
  }

  /// Of how many looks how many are at anonymous and how many at file pages (scan_balance).
  private func balance(
    _ scan: ScanControl, of group: UInt32
  ) -> (anonymous: UInt64, file: UInt64, of: UInt64) {
    let swappiness = min(memory.pointee.settings.swappiness, 200)
    guard scan.maySwap, canSwap(group), !scan.isOfGroup || swappiness != 0 else { return (0, 1, 1) }
    // Close to the end no cleverness helps.
    if scan.priority == 0 && swappiness != 0 { return (1, 1, 1) }
    if scan.fileIsTiny { return (1, 0, 1) }
    if scan.trimsCache { return (0, 1, 1) }
    let total = scan.costs.anonymous &+ scan.costs.file
    let anonymousCost = total &+ scan.costs.anonymous
    let fileCost = total &+ scan.costs.file
    let sum = anonymousCost &+ fileCost &+ 1
    let anonymous = swappiness &* sum / (anonymousCost &+ 1)
    let file = (200 &- swappiness) &* sum / (fileCost &+ 1)
    return (anonymous, file, max(anonymous &+ file, 1))
  }

  /// Whether anonymous pages are aged: also where swap is full, as it will not always be
  /// (can_age_anon_pages()).
  var agesAnonymous: Bool { memory.pointee.swap.pointee.totalPages > 0 }

  /// Whether anonymous pages can be taken (can_reclaim_anon_pages()).
  func canSwap(_ scan: ScanControl) -> Bool { canSwap(scan.group) }

  /// The same of a group's, the one whose pages are looked at.
  func canSwap(_ group: UInt32) -> Bool {
    guard frames.pointee.hasSwap else { return false }
    // mem_cgroup_get_nr_swap_pages(): what the group and those above may still have.
    var group = frames.pointee.group(group)
    while let here = group {
      if here.pointee.swap.usage >= here.pointee.swap.maximum { return false }
      group = here.pointee.parent
    }
    return true
  }
}
