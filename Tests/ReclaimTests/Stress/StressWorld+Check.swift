import Arm64
import HostBoard
import KernelHeap
import MemorySupport
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files
@testable import Swap

/// What must hold between two steps.
extension StressWorld {
  mutating func checkEverything(withReverseMap: Bool) {
    machine.machine.task.pointee.space?.pointee.synchronizeResident()
    frames.pointee.drainLRU()
    frames.pointee.checkInvariants()
    let here = "seed \(seed), step \(step)"
    if let wrong = frames.pointee.checkLRU() { Issue.record("\(here): \(wrong)") }
    if let wrong = frames.pointee.checkGroups() { Issue.record("\(here): \(wrong)") }
    if let wrong = swap.pointee.checkInvariants() { Issue.record("\(here): \(wrong)") }
    machine.files.pointee.checkInvariants()
    for (who, program) in programs.enumerated() {
      if let wrong = program.space.pointee.checkInvariants() {
        Issue.record("\(here): program \(who): \(wrong)")
      }
      if withReverseMap, let wrong = program.space.pointee.checkReverseMap() {
        Issue.record("\(here): program \(who): \(wrong)")
      }
    }
    let (frameUsers, slotUsers) = users()
    checkFrames(frameUsers, here)
    checkSlots(slotUsers, here)
  }

  /// What names each frame and each slot: entries of tables, and of files in memory.
  private func users() -> (frames: [UInt64: Int32], slots: [UInt64: Int]) {
    var frames: [UInt64: Int32] = [:]
    var slots: [UInt64: Int] = [:]
    let geometry = machine.board.translation
    for program in programs {
      let space = program.space
      space.pointee.tables.forEachRun(in: VirtualAddress(0)..<space.pointee.taskSize) { run in
        for index in 0..<run.count {
          if let entry = run[index].swapEntry {
            slots[entry.rawValue, default: 0] += 1
          } else if run[index].isPresent, !run[index].isSpecial {
            frames[run[index].frame(in: geometry).rawValue, default: 0] += 1
          }
        }
      }
    }
    // And of files in memory, whose trees name slots.
    let files = machine.files
    var inode = files.pointee.state.pointee.swapped
    while let here = inode {
      inode = here.pointee.nextSwapped
      _ = files.pointee.trees.checkInvariants(here.pointee.pages) { _, entry in
        guard let value = entry.value, value != FileSystem<HostBoard>.lost else { return }
        slots[value, default: 0] += 1
      }
    }
    return (frames, slots)
  }

  /// Every page is mapped as often as it says, known to nobody who is not counted, and on a list.
  private func checkFrames(_ users: [UInt64: Int32], _ here: String) {
    var users = users
    var counts = (mapped: 0, writing: 0, swapCached: 0)
    let first = HostBoard.ramBase.rawValue >> machine.board.pageSize.shift
    let end = machine.swapStart.rawValue >> machine.board.pageSize.shift
    for raw in first..<end {
      let frame = frames.pointee.frame(PageFrameNumber(raw))
      let mapped = users.removeValue(forKey: raw) ?? 0
      let state = frame.pointee.state
      guard state == .anonymous || state == .pageCache else {
        if mapped != 0 { Issue.record("\(here): frame \(raw) is mapped and \(state)") }
        continue
      }
      let flags = frame.pointee.flags
      if mapped != frame.pointee.mapCount {
        Issue.record("\(here): frame \(raw), mapCount \(frame.pointee.mapCount), \(mapped) entries")
      }
      var references = mapped
      if flags.contains(.swapCache) { references += 1 }
      if flags.contains(.writeback) { references += 1 }
      if state == .pageCache, !flags.contains(.swapCache), frame.pointee.mapping != 0 {
        references += 1
      }
      if references != frame.pointee.referenceCount {
        let is_ = frame.pointee.referenceCount
        Issue.record("\(here): frame \(raw), \(is_) references, not \(references), \(flags)")
      }
      if !flags.contains(.lru) { Issue.record("\(here): frame \(raw) is on no list, \(flags)") }
      if state == .anonymous, mapped > 0 { counts.mapped += 1 }
      if flags.contains(.writeback) { counts.writing += 1 }
      if flags.contains(.swapCache) { counts.swapCached += 1 }
    }
    expect(users.isEmpty, "entries that name no frame of RAM")
    expect(frames.pointee.statistic(.nr_anon_pages) == counts.mapped, "nr_anon_pages")
    expect(frames.pointee.statistic(.nr_writeback) == counts.writing, "nr_writeback")
    expect(frames.pointee.statistic(.nr_swapcached) == counts.swapCached, "nr_swapcached")
    expect(frames.pointee.statistic(.nr_isolated_anon) == 0, "nr_isolated_anon")
    expect(frames.pointee.statistic(.nr_isolated_file) == 0, "nr_isolated_file")
  }

  /// Every slot has as many users as there are entries, and is charged to its group once.
  private func checkSlots(_ users: [UInt64: Int], _ here: String) {
    var users = users
    var charged: [UInt32: Int] = [:]
    for number in 0..<SwapSpace<HostBoard>.maximumAreas {
      guard let area = swap.pointee.area(number) else { continue }
      for offset in 1..<area.pointee.maximum {
        let entry = SwapEntry(area: number, offset: offset)
        let found = users.removeValue(forKey: entry.rawValue) ?? 0
        let count = area.pointee.count(offset)
        if count != .bad, Int(count.users) != found {
          Issue.record("\(here): slot \(offset) has \(count.users) users, \(found) entries")
        }
        let group = area.pointee.groups[offset]
        if group != 0 { charged[UInt32(group), default: 0] += 1 }
      }
    }
    expect(users.isEmpty, "entries that name no slot")
    var group = frames.pointee.groups.first
    while let found = group {
      group = found.following(below: nil)
      var swap = charged[found.pointee.number] ?? 0
      var child = found.pointee.firstChild
      while let below = child {
        swap += below.pointee.swap.usage
        child = below.pointee.next
      }
      expect(found.pointee.swap.usage == swap, "group \(found.pointee.number)'s swap")
    }
  }
}
