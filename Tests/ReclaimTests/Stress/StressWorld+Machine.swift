import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import Reclaim
import Swap
import TestSupport

@testable import AddressSpaces

/// What is done to programs' memory by others.
extension StressWorld {
  mutating func reclaim() {
    if chance(1, of: 8) {
      machine.reclaimer.dropPageCache()
      return note("dropped")
    }
    if chance(1, of: 3) {
      _ = machine.reclaimer.balance(0, upTo: .movable)
      return
    }
    var scan = ScanControl(.highUserMovable, highest: .movable)
    scan.wanted = 1 + random.below(64)
    if let group = groups.isEmpty ? nil : groups[random.below(groups.count)], chance(1, of: 2) {
      scan.group = group.pointee.number
    }
    if machine.reclaimer.free(&scan) > 0 { note("reclaimed") }
  }

  mutating func compact() {
    // Without frames to move to nothing is moved.
    if chance(1, of: 2) { for _ in 0..<4 { reclaim() } }
    let before = frames.pointee.statistic(.pgmigrate_success)
    switch random.below(4) {
    case 0: compactor.compactAll(takesUnevictable: chance(1, of: 2))
    case 1: compactor.compactInBackground(1 + random.below(9), upTo: .movable)
    case 2: _ = compactor.compactProactively(1 + random.below(100))
    default:
      let priority = Compactor<HostBoard>.Priority(rawValue: random.below(3)) ?? .full
      _ = compactor.compact(for: 1 + random.below(9), .highUserMovable, priority, threshold: 0)
    }
    if frames.pointee.statistic(.pgmigrate_success) > before { note("migrated") }
  }

  /// Moves one page that a program has.
  mutating func migrate(_ who: Int) {
    let at = VirtualAddress(programs[who].place(random.below(Self.ownPages), page))
    guard let slot = programs[who].space.pointee.tables.entry(for: at), slot.pointee.isPresent,
      !slot.pointee.isSpecial
    else { return }
    let number = slot.pointee.frame(in: machine.board.translation)
    frames.pointee.drainLRU()
    guard let target = frames.pointee.allocate([.highUserMovable, .noWarn]) else {
      frames.pointee.shortage = nil
      return
    }
    guard frames.pointee.isolate(number) else { return frames.pointee.free(target) }
    if memory.pointee.migrate(number, to: target) {
      note("migrated one")
    } else {
      frames.pointee.free(target)
      frames.pointee.putBack(number)
    }
  }

  /// Takes the swap area away, if its pages have room in RAM; or brings it back.
  mutating func switchSwap() {
    guard isSwapOn else { return turnSwapOn() }
    guard let number = swap.pointee.writableArea(1) else { return }
    swap.pointee.suspend(number)
    for program in programs {
      activate(program)
      program.space.pointee.synchronizeResident()
      do throws(Errno) {
        try program.space.pointee.unuse(number)
      } catch {
        frames.pointee.shortage = nil
        swap.pointee.resume(number)
        return note("swapoff without room")
      }
    }
    swap.pointee.forgetUnused(number)
    guard swap.pointee.nextInUse(number, from: 1) == nil else {
      return swap.pointee.resume(number)
    }
    swap.pointee.turnOff(number)
    isSwapOn = false
    note("swapoff")
  }

  /// Goes over from lists to generations, or back.
  mutating func switchPolicy() {
    memory.pointee.settings.walksTables = chance(2, of: 3)
    memory.pointee.settings.generationLife = chance(1, of: 4) ? 1_000_000 : 0
    let isOn = !frames.pointee.usesGenerations
    if frames.pointee.setGenerations(isOn) {
      note(isOn ? "generations" : "lists")
    } else {
      frames.pointee.shortage = nil
    }
  }

  // Groups.

  mutating func changeGroups() {
    if groups.count < 3, chance(1, of: 2) {
      deactivate()
      let parent = groups.isEmpty || chance(1, of: 2) ? nil : groups[random.below(groups.count)]
      if let new = frames.pointee.makeGroup(below: parent) { groups.append(new) }
      return
    }
    guard !groups.isEmpty else { return }
    let which = random.below(groups.count)
    let group = groups[which]
    let all = Int(frames.pointee.managed.rawValue)
    switch random.below(8) {
    case 0, 1:
      let limit = all / 6 + random.below(all / 2)
      group.setMaximum(limit)
      shrink(group, to: limit)
    case 2: group.setMaximum(.max / 2)
    case 3: group.setMinimum(random.below(all / 8))
    case 4: group.setLow(random.below(all / 2))
    case 5: group.setSwapMaximum(chance(1, of: 2) ? random.below(all / 2) : .max / 2)
    case 6:
      // Of another program from now on.
      guard !programs.isEmpty else { return }
      programs[random.below(programs.count)].group = group
    default:
      guard groups.count > 1, group.pointee.firstChild == nil else { return }
      for index in programs.indices where programs[index].group == group {
        programs[index].group = nil
      }
      deactivate()
      groups.remove(at: which)
      frames.pointee.endGroup(group)
      note("a group ended")
    }
  }

  /// As far as it goes: nobody is killed.
  private func shrink(_ group: KernelPointer<MemoryGroup>, to limit: Int) {
    frames.pointee.drainStock(ifWithin: group)
    for _ in 0..<4 where group.pointee.memory.usage > limit {
      var scan = ScanControl(.kernel, highest: .movable)
      scan.group = group.pointee.number
      scan.wanted = group.pointee.memory.usage - limit
      _ = machine.reclaimer.free(&scan)
    }
  }
}
