import Arm64
import HostBoard
import KernelLayout
import MemorySupport
import MemoryTypes
import PageFrames
import Swap

@testable import AddressSpaces
@testable import Files

extension Family {
  func checkInvariants() {
    for process in processes {
      machine.activate(process.space)
      if let wrong = process.space.pointee.checkInvariants() { fail("\(wrong)") }
      if let wrong = process.space.pointee.checkReverseMap() { fail("\(wrong)") }
    }
    if let wrong = machine.frames.pointee.checkLRU() { fail("\(wrong)") }
    if let wrong = machine.context.pointee.swap.pointee.checkInvariants() { fail("\(wrong)") }
    checkAnonVMAs()
    checkMapCounts()
    checkSwapCounts()
  }

  /// A slot's users == the entries in all tables, and the files, that name it.
  private func checkSwapCounts() {
    var entries: [SwapEntry: Int] = [:]
    for process in processes {
      process.space.pointee.tables.forEachRun(
        in: VirtualAddress(0)..<machine.layout.taskSize
      ) { run in
        for index in 0..<run.count {
          guard let entry = run[index].swapEntry else { continue }
          entries[entry, default: 0] += 1
          if run[index].isSwapExclusive { entries[entry, default: 0] += 1_000_000 }
        }
      }
    }
    let swap = machine.context.pointee.swap
    for (entry, count) in entries {
      let users = swap.pointee.users(of: entry)
      require(users == count % 1_000_000, "a slot's users")
      require(count < 1_000_000 || count == 1_000_001, "an exclusive slot that two have")
    }
  }

  /// The counts of every anon_vma that an area is linked to, and that there are no others.
  private func checkAnonVMAs() {
    typealias Pointer = KernelPointer<AnonVMA>
    var links: [Pointer: Int] = [:]
    var active: [Pointer: Int] = [:]
    var all: Set<Pointer> = []
    for process in processes {
      var area = process.space.pointee.areas.first
      while let here = area {
        area = here.pointee.next
        if let anonVMA = here.pointee.anonVMA { active[anonVMA, default: 0] += 1 }
        var link = here.pointee.anonymousLinks
        while let this = link {
          links[this.pointee.anonVMA, default: 0] += 1
          all.insert(this.pointee.anonVMA)
          if let root = this.pointee.anonVMA.pointee.root { all.insert(root) }
          link = this.pointee.next
        }
      }
    }
    var children: [Pointer: Int] = [:]
    var pins: [Pointer: Int] = [:]
    for anonVMA in links.keys {
      guard let root = anonVMA.pointee.root, let parent = anonVMA.pointee.parent else {
        fail("an anon_vma without root or parent")
        continue
      }
      children[parent, default: 0] += 1
      if root != anonVMA { pins[root, default: 0] += 1 }
    }
    for anonVMA in all {
      let value = anonVMA.pointee
      require(Int(value.activeAreas) == active[anonVMA, default: 0], "activeAreas")
      require(Int(value.children) == children[anonVMA, default: 0], "children")
      let own = links[anonVMA] == nil ? 0 : 1
      require(Int(value.references) == own + pins[anonVMA, default: 0], "an anon_vma's references")
    }
  }

  /// The map counts of all frames == the entries in all tables; the node's counters too.
  private func checkMapCounts() {
    var entries: [UInt64: Int32] = [:]
    for process in processes {
      process.space.pointee.tables.forEachRun(
        in: VirtualAddress(0)..<machine.layout.taskSize
      ) { run in
        for index in 0..<run.count where run[index].isPresent && !run[index].isSpecial {
          entries[run[index].frame(in: machine.board.translation).rawValue, default: 0] += 1
        }
      }
    }
    var anonymous = 0
    var mapped = 0
    for (number, count) in entries {
      let frame = machine.frames.pointee.frame(PageFrameNumber(number))
      require(frame.pointee.mapCount == count, "a map count")
      if frame.pointee.state == .anonymous { anonymous += 1 } else { mapped += 1 }
      require(
        !frame.pointee.flags.contains(.anonymousExclusive) || count == 1,
        "an exclusive frame that two have")
    }
    require(machine.frames.pointee.statistic(.nr_anon_pages) == anonymous, "nr_anon_pages")
    require(machine.frames.pointee.statistic(.nr_mapped) == mapped, "nr_mapped")
  }
}
