import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames
import Swap

/// Shrinking the lists of one vector (shrink_lruvec(), shrink_inactive_list(),
/// shrink_active_list()).
extension Reclaimer {
  /// Looks at all lists of a vector, batch by batch in turn, until enough was taken.
  func shrinkLists(_ vector: KernelPointer<LRUVector>, _ scan: inout ScanControl) {
    var left = scanCount(vector, &scan)
    let targets = left
    // Direct reclaim at the first priority is an everyday event: it does a whole round at once.
    let isProportional =
      !scan.isOfGroup && !scan.isKswapd && scan.priority == ScanControl.firstPriority
    var reclaimed = 0
    while left[0] != 0 || left[2] != 0 || left[3] != 0 {
      for index in 0..<4 where left[index] != 0 {
        let count = min(left[index], Self.batch)
        left[index] &-= count
        reclaimed &+= shrink(index, count, vector, &scan)
      }
      if reclaimed < scan.wanted || isProportional { continue }
      guard keepProportion(&left, targets) else { break }
    }
    scan.reclaimed &+= reclaimed
    // Even where nothing anonymous was taken the two lists are kept in proportion.
    if agesAnonymous && isLow(vector, .inactiveAnonymous) {
      ageActive(.activeAnonymous, Self.batch, vector, scan)
    }
  }

  /// Enough was taken: of the kind that has fewer looks left nothing more, of the other as much of
  /// its target as the first had; false where either has none left.
  private func keepProportion(_ left: inout Targets, _ targets: Targets) -> Bool {
    let file = left[2] &+ left[3]
    let anonymous = left[0] &+ left[1]
    guard file != 0, anonymous != 0 else { return false }
    let fewer = file > anonymous ? 0 : 2
    let other = 2 &- fewer
    let all = targets[fewer] &+ targets[fewer &+ 1] &+ 1
    let percent = min(file, anonymous) &* 100 / all
    left[fewer] = 0
    left[fewer &+ 1] = 0
    for index in other...other &+ 1 {
      let done = targets[index] &- left[index]
      let share = targets[index] &* (100 &- percent) / 100
      left[index] = share &- min(share, done)
    }
    return true
  }

  private func shrink(
    _ index: Int, _ count: Int, _ vector: KernelPointer<LRUVector>, _ scan: inout ScanControl
  ) -> Int {
    switch index {
    case 0: return shrinkInactive(.inactiveAnonymous, count, vector, &scan)
    case 2: return shrinkInactive(.inactiveFile, count, vector, &scan)
    default:
      let isFile = index == 3
      if isFile ? scan.deactivates.file : scan.deactivates.anonymous {
        ageActive(isFile ? .activeFile : .activeAnonymous, count, vector, scan)
      } else {
        scan.skippedDeactivation = true
      }
      return 0
    }
  }

  /// Takes what can be taken of the end of an inactive list; how many pages.
  private func shrinkInactive(
    _ list: LRUList, _ count: Int, _ vector: KernelPointer<LRUVector>, _ scan: inout ScanControl
  ) -> Int {
    let isFile = list == .inactiveFile
    let frames = frames
    memory.pointee.swap.pointee.settle()
    frames.pointee.drainLRU()
    let isolated = frames.pointee.isolate(
      count, from: vector, list, upTo: scan.highest, mayUnmap: scan.mayUnmap)
    if !scan.isOfGroup {
      frames.pointee.count(
        scan.isKswapd ? .pgscan_kswapd : .pgscan_direct, by: isolated.scanned)
    }
    frames.pointee.count(isFile ? .pgscan_file : .pgscan_anon, by: isolated.scanned)
    countScan(vector, scan, isolated.scanned)
    guard isolated.taken != 0 else { return 0 }
    frames.pointee.countEach(isFile ? .nr_isolated_file : .nr_isolated_anon, by: isolated.taken)
    var figures = BatchFigures()
    let reclaimed = shrinkHeld(&scan, &figures)
    frames.pointee.putBack(.kept)
    frames.pointee.countEach(isFile ? .nr_isolated_file : .nr_isolated_anon, by: -isolated.taken)
    if !scan.isOfGroup {
      frames.pointee.count(scan.isKswapd ? .pgsteal_kswapd : .pgsteal_direct, by: reclaimed)
    }
    frames.pointee.count(isFile ? .pgsteal_file : .pgsteal_anon, by: reclaimed)
    countSteal(vector, scan, reclaimed)
    frames.pointee.noteCost(vector, isFile: isFile, UInt64(figures.pageout))
    // Nothing but pages that nobody writes back yet: whoever writes is behind.
    if figures.unqueuedDirty == isolated.taken { memory.pointee.writeBackAll() }
    scan.met.unqueuedDirty &+= figures.unqueuedDirty
    if isFile { scan.met.fileTaken &+= isolated.taken }
    scan.met.writeback &+= figures.writeback
    scan.met.taken &+= isolated.taken
    return reclaimed
  }

  /// Makes the end of an active list inactive, but for executed pages of files that were used since
  /// (shrink_active_list()).
  func ageActive(
    _ list: LRUList, _ count: Int, _ vector: KernelPointer<LRUVector>, _ scan: ScanControl
  ) {
    let frames = frames
    let isFile = list == .activeFile
    frames.pointee.drainLRU()
    let isolated = frames.pointee.isolate(count, from: vector, list, upTo: scan.highest)
    let group = frames.pointee.group(vector.pointee.group)
    if !scan.isOfGroup { frames.pointee.count(.pgrefill, by: isolated.scanned) }
    group?.count(.pgrefill, by: isolated.scanned)
    frames.pointee.countEach(isFile ? .nr_isolated_file : .nr_isolated_anon, by: isolated.taken)
    while let number = frames.pointee.takeHeld() {
      let frame = frames.pointee.frame(number)
      if !frame.pointee.flags.isDisjoint(with: [.mlocked, .unevictable]) {
        frames.pointee.putBack(number)
        continue
      }
      let used = memory.pointee.referenced(number)
      if used.entries != 0, used.isExecutable, !frame.pointee.flags.contains(.swapBacked) {
        frames.pointee.keep(number)
        continue
      }
      frame.pointee.flags.remove(.active)
      frame.pointee.flags.insert(.workingset)
      frames.pointee.keep(number, .deactivated)
    }
    frames.pointee.putBack(.kept)
    let deactivated = frames.pointee.putBack(.deactivated)
    frames.pointee.count(.pgdeactivate, by: deactivated)
    group?.count(.pgdeactivate, by: deactivated)
    frames.pointee.countEach(isFile ? .nr_isolated_file : .nr_isolated_anon, by: -isolated.taken)
  }

  /// What the vector's group counts of its own (`__count_memcg_events()`).
  func countScan(
    _ vector: KernelPointer<LRUVector>, _ scan: ScanControl, _ pages: Int
  ) {
    guard let group = frames.pointee.group(vector.pointee.group) else { return }
    group.count(scan.isKswapd ? .pgscan_kswapd : .pgscan_direct, by: pages)
  }

  func countSteal(
    _ vector: KernelPointer<LRUVector>, _ scan: ScanControl, _ pages: Int
  ) {
    guard let group = frames.pointee.group(vector.pointee.group) else { return }
    group.count(scan.isKswapd ? .pgsteal_kswapd : .pgsteal_direct, by: pages)
  }
}
