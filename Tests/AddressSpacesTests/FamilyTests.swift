import Arm64
import Foundation
import HostBoard
import KernelHeap
import MemorySupport
import MemoryTypes
import PageFrames
import Swap
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

/// Families of processes that fork, map, move, lock, truncate and end at random, beside a model of
/// every page, through a TLB that forgets only what it is told to.
///
/// `KILBURN_FAMILY_STEPS` makes the streams longer, `KILBURN_FAMILY_SEED` gives other ones.
@Suite struct FamilyTests {
  static var steps: Int {
    ProcessInfo.processInfo.environment["KILBURN_FAMILY_STEPS"].flatMap { Int($0) } ?? 60_000
  }
  static var seed: UInt64 {
    ProcessInfo.processInfo.environment["KILBURN_FAMILY_SEED"].flatMap { UInt64($0) } ?? 1
  }

  @Test(arguments: Configuration.all)
  func family(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    // The table of policies stays.
    let bind = try MemoryPolicy(mode: 2, nodes: 1)
    _ = try machine.context.pointee.policies.number(of: bind, machine.context)
    let before = Holdings(machine)
    let family = try Family(machine, seed: Self.seed)
    family.run(steps: Self.steps)
    family.end()
    machine.frames.pointee.checkInvariants()
    machine.slab.pointee.checkInvariants()
    #expect(machine.frames.pointee.checkLRU() == nil)
    #expect(machine.context.pointee.committed == 0, "promises are left")
    let after = Holdings(machine)
    #expect(after.frames == before.frames, "seed \(Self.seed)")
    for item: VMStat in [.nr_anon_pages, .nr_mapped, .nr_mlock, .nr_shmem, .nr_unevictable] {
      #expect(machine.frames.pointee.statistic(item) == 0, "\(item) seed \(Self.seed)")
    }
  }

  /// The same with two swap areas, to which pages go at random; a third of the runs on devices that
  /// seek, that do not, and that answer at once.
  @Test(arguments: Configuration.all, [SwapKind.seeking, .solidState, .synchronous])
  func swappingFamily(configuration: Configuration, kind: SwapKind) throws {
    let machine = try TestMachine(configuration, ram: .mebibytes(192))
    defer { machine.end() }
    for area in 0..<2 { try machine.addSwap(pages: 128, kind, area) }
    let swap = machine.context.pointee.swap
    let family = try Family(machine, seed: Self.seed &+ 77)
    family.hasSwap = true
    family.run(steps: Self.steps / 20)
    let count = machine.frames.pointee.statistic(.pswpout)
    #expect(count > Self.steps / 400 && machine.frames.pointee.statistic(.pswpin) > count / 4)
    family.end()
    for area in 0..<2 { swap.pointee.forgetUnused(area) }
    machine.frames.pointee.drainLRU()
    machine.frames.pointee.checkInvariants()
    machine.slab.pointee.checkInvariants()
    #expect(machine.frames.pointee.checkLRU() == nil)
    #expect(swap.pointee.checkInvariants() == nil)
    #expect(swap.pointee.cachedPages == 0)
    for area in 0..<2 {
      swap.pointee.suspend(area)
      #expect(swap.pointee.nextInUse(area, from: 1) == nil)
      swap.pointee.turnOff(area)
    }
    for item: VMStat in [.nr_anon_pages, .nr_mapped, .nr_shmem, .nr_swapcached, .nr_writeback] {
      #expect(machine.frames.pointee.statistic(item) == 0, "\(item) seed \(Self.seed)")
    }
  }

  /// The same again takes no more objects: none is forgotten.
  @Test(arguments: Configuration.all)
  func nothingIsKept(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    var before: Holdings?
    for _ in 0..<8 {
      let family = try Family(machine, seed: 11)
      family.run(steps: 1500)
      family.end()
      let now = Holdings(machine)
      if let before { #expect(now.objects == before.objects && now.frames == before.frames) }
      before = now
    }
  }
}

/// A world of processes and objects, and the stream of calls that changes it.
final class Family {
  let machine: TestMachine
  let seed: UInt64
  var random: Random
  var processes: [ProcessModel] = []
  var files: [ObjectModel] = []
  var tlb = TLBModel()
  var step = 0
  var failed = false
  var hasSwap = false
  let page: UInt64
  /// The window straddles the boundary of two last-level tables.
  let base: UInt64

  init(_ machine: TestMachine, seed: UInt64) throws {
    self.machine = machine
    self.seed = seed
    random = Random(seed: seed)
    page = machine.page
    let table = machine.board.translation.coverage(at: 2).rawValue
    base = max(table, 0x1000_0000).alignedUp(to: table) - 100 * machine.page
    for _ in 0..<3 {
      let file = try machine.files.pointee.makeAnonymousFile(ByteCount(24 * page))
      files.append(ObjectModel(pages: 24, file: file))
    }
    processes.append(ProcessModel(space: try machine.makeSpace()))
  }

  func fail(_ text: String) {
    if !failed { Issue.record("\(text): seed \(seed) step \(step)") }
    failed = true
  }

  func require(_ condition: Bool, _ text: @autoclosure () -> String) {
    if !condition { fail(text()) }
  }

  func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }
  func chance(_ one: Int, of all: Int) -> Bool { number(1...all) <= one }
  func address(_ index: Int) -> VirtualAddress { VirtualAddress(base + UInt64(index) * page) }
  func bytes(_ pages: Int) -> ByteCount { ByteCount(UInt64(pages) * page) }

  func run(steps: Int) {
    for step in 0..<steps where !failed {
      self.step = step
      let process = number(0...processes.count - 1)
      machine.activate(processes[process].space)
      act(process)
      if step % 512 == 0 { checkInvariants() }
      if step % 128 == 0 { verify(number(0...processes.count - 1)) }
    }
    checkInvariants()
    for process in processes.indices { verify(process) }
  }

  func end() {
    machine.activate(nil)
    for process in processes { AddressSpace.release(process.space) }
    processes = []
    for file in files {
      guard let open = file.file else { continue }
      require(open.pointee.inode.pointee.mappings == 0, "a file is still mapped")
      machine.files.pointee.release(open)
    }
  }

  func act(_ process: Int) {
    if hasSwap, chance(1, of: 3) { return swapOut(process) }
    switch number(0...99) {
    case 0..<6: map(process)
    case 6..<10: unmap(process)
    case 10..<16: protect(process)
    case 16..<20: move(process)
    case 20..<26: advise(process)
    case 26..<28: lock(process)
    case 28..<29: unlock(process)
    case 29..<31: fork(process)
    case 31..<33: exit(process)
    case 33..<34: resize()
    case 34..<36: bind(process)
    case 36..<37: remapPages(process)
    default: for _ in 0..<3 { touch(process) }
    }
  }

  /// A range of pages in the window, most often short.
  func range() -> Range<Int> {
    let count = chance(1, of: 8) ? number(1...60) : number(1...9)
    let start = number(0...ProcessModel.pages - count)
    return start..<start + count
  }

  func touch(_ process: Int) {
    var index = number(0...ProcessModel.pages - 1)
    for _ in 0..<4 where processes[process].pages[index] == nil {
      index = number(0...ProcessModel.pages - 1)
    }
    let isLast = chance(1, of: 3)
    if chance(1, of: 2) {
      store(process, index, isLast, random.next())
    } else {
      load(process, index, isLast)
    }
  }

  /// Where a page's first or last word is.
  func word(_ index: Int, _ isLast: Bool) -> UInt64 {
    address(index).rawValue + (isLast ? page - 8 : 0)
  }

  func load(_ process: Int, _ index: Int, _ isLast: Bool) {
    let expected: AddressSpace<HostBoard>.Access
    if let model = processes[process].pages[index] {
      if model.protection.rawValue & 7 == 0 {
        expected = .failed(.accessDenied)
      } else if let words = model.words {
        expected = .value(words[isLast])
      } else {
        expected = .failed(.beyondObject)
      }
    } else {
      expected = .failed(.notMapped)
    }
    let got = access(processes[process].space, word(index, isLast), storing: nil)
    require(got == expected, "load of page \(index): \(got), not \(expected)")
  }

  func store(_ process: Int, _ index: Int, _ isLast: Bool, _ value: UInt64) {
    var expected = AddressSpace<HostBoard>.Access.value(value)
    if let model = processes[process].pages[index] {
      if !model.protection.contains(.write) {
        expected = .failed(.accessDenied)
      } else if var words = model.words {
        words[isLast] = value
        if case .shared(let object, let at) = model.backing {
          object.pages[at] = words
        } else {
          processes[process].pages[index]?.own = words
        }
      } else {
        expected = .failed(.beyondObject)
      }
    } else {
      expected = .failed(.notMapped)
    }
    let got = access(processes[process].space, word(index, isLast), storing: value)
    require(got == expected, "store to page \(index): \(got), not \(expected)")
  }

  /// A load or store of the running processor: by its TLB if that has the page and lets it, else by
  /// a walk, else by a fault.
  func access(
    _ space: Space, _ at: UInt64, storing value: UInt64?
  ) -> AddressSpace<HostBoard>.Access {
    let address = VirtualAddress(at)
    let shift = machine.pageSize.shift
    for _ in 0..<6 {
      tlb.perform(machine.board.takeInvalidations(), shift)
      let asid = space.pointee.activation().asid
      if let cached = tlb[at, asid, shift], permits(cached, write: value != nil) {
        return perform(cached, address, value)
      }
      if let slot = space.pointee.tables.entry(for: address),
        space.pointee.translates(slot, write: value != nil)
      {
        tlb[at, asid, shift] = slot.pointee
        return perform(slot.pointee, address, value)
      }
      let outcome = space.pointee.handleFault(at: address, value == nil ? .read : .write)
      if outcome != .resolved { return .failed(outcome) }
    }
    fail("faults without end at \(address)")
    return .failed(.outOfMemory)
  }

  func permits(_ descriptor: Descriptor, write: Bool) -> Bool {
    descriptor.isValid && descriptor.isUser && descriptor.isYoung
      && (!write || descriptor.rawValue & Descriptor.Attributes.readOnly.rawValue == 0)
  }

  func perform(
    _ descriptor: Descriptor, _ address: VirtualAddress, _ value: UInt64?
  ) -> AddressSpace<HostBoard>.Access {
    let at = descriptor.output(in: machine.board.translation) + address.offset(in: machine.pageSize)
    if let value { machine.board.store(value, at: at) }
    return .value(machine.board.load(at: at))
  }

  func verify(_ process: Int) {
    machine.activate(processes[process].space)
    for index in 0..<ProcessModel.pages where !failed {
      load(process, index, false)
      guard let page = processes[process].pages[index] else { continue }
      load(process, index, true)
      let policy = try? processes[process].space.pointee.policy(at: address(index))
      require(policy == page.policy, "the policy of page \(index)")
    }
  }
}

extension UInt64 {
  fileprivate func alignedUp(to alignment: UInt64) -> UInt64 {
    (self + alignment - 1) / alignment * alignment
  }
}
