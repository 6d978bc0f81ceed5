import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames

/// What is done when a memory group is at its limit, or above its mark: the half of
/// `try_charge_memcg()` that may wait.
extension KernelState {
  /// Counts an event of a group, and lets those know who wait for it (`memcg_memory_event()`).
  func note(_ event: MemoryEvent, of group: KernelPointer<MemoryGroup>) {
    group.note(event)
    wakeWatchers()
  }

  /// Makes room for a charge that failed, or was made beyond the limit; whether one that failed is
  /// to be tried again.
  func makeRoomInGroup(_ shortage: Shortage, _ isHopeless: Bool) -> Bool {
    guard let group = frames.pointee.group(shortage.group) else { return true }
    // What was lent is in the group already.
    let pages = shortage.isLent ? 0 : shortage.pages
    if isHopeless {
      guard kill(in: group, shortage.flags, pages) else { return false }
      if !hasFatalSignal { waitForVictim() }
      return !hasFatalSignal
    }
    frames.pointee.groups.chargesSingly = !shortage.isLent
    return makeRoom(in: group, for: pages, shortage.flags)
  }

  /// Takes pages from a group at its limit until so many more can be charged; whether the charge is
  /// to be tried again.
  ///
  /// Linux's loop: a `max` event for each look; what processors hold is given back after the first;
  /// sixteen looks in vain, and somebody in the group dies.
  func makeRoom(in group: KernelPointer<MemoryGroup>, for pages: Int, _ flags: GFP) -> Bool {
    // It may be removed while somebody waits here.
    frames.pointee.hold(group)
    defer { frames.pointee.letGo(group) }
    var retries = Self.mostReclaimRetries
    var isDrained = false
    var hasKilled = false
    if pages == 0 && hasRoom(group, 0) { return true }
    var isFirst = true
    while true {
      // Each time but the first it is tried again in vain.
      if !isFirst { group.noteFailure() }
      isFirst = false
      note(.max, of: group)
      let taken = stalling { reclaimGroup(group, max(pages, 1), for: .limit) }
      // Where reclaim gives way to others (cond_resched()), a victim comes to die.
      if hasKilled && !hasFatalSignal { waitForVictim() }
      if hasRoom(group, pages) { return true }
      if !isDrained {
        frames.pointee.drainStock(ifWithin: group)
        isDrained = true
        if hasRoom(group, pages) { return true }
        continue
      }
      if taken > 0 && pages <= 8 { continue }
      if retries > 0 {
        retries &-= 1
        continue
      }
      if hasFatalSignal { return false }
      guard killForMemory(in: group, flags, pages) else { return false }
      hasKilled = true
      retries = Self.mostReclaimRetries
      if hasRoom(group, pages) { return true }
    }
  }

  private func hasRoom(_ group: KernelPointer<MemoryGroup>, _ pages: Int) -> Bool {
    group.pointee.memory.usage &+ pages <= group.pointee.memory.maximum
  }

  /// Kills within a group (`mem_cgroup_oom()`, `mem_cgroup_out_of_memory()`); false where nobody can
  /// be killed.
  func killForMemory(
    in group: KernelPointer<MemoryGroup>, _ flags: GFP, _ pages: Int
  ) -> Bool {
    note(.outOfMemory, of: group)
    return hasRoom(group, pages) || kill(in: group, flags, pages)
  }

  private func kill(
    in group: KernelPointer<MemoryGroup>, _ flags: GFP, _ pages: Int
  ) -> Bool {
    let order = pages <= 1 ? 0 : Int.bitWidth - (pages &- 1).leadingZeroBitCount
    let outcome = outOfMemory(
      OutOfMemoryRequest(
        flags, order: order, group: group.pointee.number,
        limit: PageCount(UInt64(clamping: group.pointee.memory.maximum))))
    if outcome == .nobody { return false }
    // Whole groups die at once.
    if outcome == .killed,
      groupToKill(with: current.pointee.process, under: group.pointee.number) != 0
    {
      yield()
    }
    return true
  }

  /// What a program pays on its way back for what it charged above a mark
  /// (`mem_cgroup_handle_over_high()`): reclaim, and where that does not help, time.
  func payForHigh() {
    let pages = frames.pointee.groups.pagesOverHigh
    guard pages > 0, let group = frames.pointee.groups.current else { return }
    frames.pointee.groups.pagesOverHigh = 0
    frames.pointee.hold(group)
    defer { frames.pointee.letGo(group) }
    var retries = Self.mostReclaimRetries
    var wanted = pages
    while true {
      let taken = reclaimHigh(group, wanted)
      var ticks = KernelPointer<MemoryGroup>.delay(
        for: group.greatestOverage(ofSwap: false), pages: pages, hertz: Self.hertz)
      ticks &+= KernelPointer<MemoryGroup>.delay(
        for: group.greatestOverage(ofSwap: true), pages: pages, hertz: Self.hertz)
      ticks = min(ticks, 2 &* Self.hertz)
      if ticks <= Self.hertz / 100 { return }
      if taken > 0 || retries > 0 {
        if taken == 0 { retries &-= 1 }
        wanted = 32
        if hasFatalSignal { return }
        continue
      }
      let begin = board.clock.nanoseconds
      let end = board.clock.ticks &+ board.clock.frequency / Self.hertz &* ticks
      stalling {
        while board.clock.ticks < end, !hasFatalSignal { sleep(until: end) }
      }
      store.pointee.reclaims.noteWait(board.clock.nanoseconds &- begin)
      return
    }
  }

  /// The recorded kernels' ticks a second (CONFIG_HZ).
  private static var hertz: UInt64 { 250 }

  /// Takes pages from each group up the tree that is above its mark (`reclaim_high()`).
  private func reclaimHigh(_ group: KernelPointer<MemoryGroup>, _ pages: Int) -> Int {
    var taken = 0
    var next: KernelPointer<MemoryGroup>? = group
    while let here = next {
      next = here.pointee.parent
      guard here.pointee.memory.usage > here.pointee.memory.high else { continue }
      note(.high, of: here)
      taken &+= stalling { reclaimGroup(here, pages, for: .high) }
    }
    return taken
  }
}
