import AddressSpaces
import Arm64
import HostBoard
import KernelHeap
import MemorySupport
import MemoryTypes
import TestSupport
import Testing

@testable import Files
@testable import PageFrames
@testable import Reclaim

/// The multi-generational LRU: that all pages are where they say, whatever happens, and that those
/// survive that are used.
@Suite struct GenerationTests {
  private func check(_ machine: ReclaimMachine, _ place: String = "") {
    machine.frames.pointee.drainLRU()
    machine.frames.pointee.checkInvariants()
    let wrong = machine.frames.pointee.checkLRU()
    #expect(wrong == nil, "\(place)")
    machine.files.pointee.checkInvariants()
  }

  private func count(_ machine: ReclaimMachine, _ item: VMStat) -> Int {
    machine.frames.pointee.statistic(item)
  }

  private func generations(_ machine: ReclaimMachine) throws -> KernelPointer<Generations> {
    let found = machine.frames.pointee.lruVector(group: 0).pointee.generations
    return try #require(found)
  }

  private func turn(_ machine: ReclaimMachine, on: Bool) {
    let isDone = machine.frames.pointee.setGenerations(on)
    #expect(isDone)
  }

  private func reclaim(_ machine: ReclaimMachine, _ pages: Int) -> Int {
    var scan = ScanControl(.highUserMovable, highest: .movable)
    scan.wanted = pages
    return machine.reclaimer.free(&scan)
  }

  /// Turned on and off, every page is on a list of the other kind, and active is what was active.
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func theSwitchMovesEveryPage(size: PageSize) throws {
    let machine = try ReclaimMachine(size, ram: .mebibytes(64), pages: 300)
    defer { machine.end() }
    for page in 0..<300 as Range<UInt64> { _ = try machine.word(page) }
    for page in 0..<100 as Range<UInt64> { try use(machine, page, times: 2) }
    check(machine)
    let active = count(machine, .nr_active_file)
    let inactive = count(machine, .nr_inactive_file)
    #expect(active == 100 && inactive == 200)
    let free = machine.frames.pointee.unused
    turn(machine, on: true)
    check(machine, "on")
    // Four generations: the active pages in the newest, the others in the oldest but one.
    let here = try generations(machine)
    #expect(here.pointee.size(3, 1) == 100 && here.pointee.size(1, 1) == 200)
    #expect(count(machine, .nr_active_file) == active)
    #expect(machine.frames.pointee.unused == free - PageCount(1))
    turn(machine, on: true)
    turn(machine, on: false)
    check(machine, "off")
    #expect(count(machine, .nr_active_file) == active)
    #expect(count(machine, .nr_inactive_file) == inactive)
    #expect(machine.frames.pointee.unused == free)
  }

  private func use(_ machine: ReclaimMachine, _ page: UInt64, times: Int) throws {
    let found = machine.files.pointee.cachedPage(of: machine.inode, at: page)
    let frame = try #require(found)
    for _ in 0..<times { machine.frames.pointee.markAccessed(frame) }
  }

  /// How often a page was used through calls is its tier, up to 3; a page that was used once is in
  /// the first.
  @Test func usesThroughCallsMakeTiers() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(64), pages: 16)
    defer { machine.end() }
    turn(machine, on: true)
    for page in 0..<9 as Range<UInt64> {
      _ = try machine.word(page)
      try use(machine, page, times: Int(page))
    }
    let tiers = try (0..<9 as Range<UInt64>).map { page in
      let found = machine.files.pointee.cachedPage(of: machine.inode, at: page)
      let frame = try #require(found)
      return Frame.Flags.tier(uses: machine.frames.pointee.frame(frame).pointee.flags.uses)
    }
    #expect(tiers == [0, 0, 1, 2, 2, 3, 3, 3, 3])
    // None became active by it.
    #expect(count(machine, .nr_active_file) == 0)
    check(machine)
  }

  /// A tier that comes back more often than the first is protected, and one that does not is not.
  @Test func theControllerProtectsWhatComesBack() {
    var generations = Generations(now: 0)
    #expect(generations.lastTier(1) == 3)
    for (tier, evicted) in [(0, 1000), (1, 1000), (2, 1000)] {
      generations.evicted[4 + tier] = evicted
    }
    generations.refaulted[4] = 100
    generations.refaulted[5] = 150
    generations.refaulted[6] = 900
    #expect(generations.lastTier(1) == 1)
    generations.refaulted[5] = 63
    generations.refaulted[6] = 63
    #expect(generations.lastTier(1) == 3)
    generations.refaulted[6] = 900
    generations.carryOver(1)
    #expect(generations.averageRefaulted[6] == 450 && generations.averageTotal[6] == 500)
    #expect(generations.refaulted[6] == 0 && generations.evicted[6] == 0)
    #expect(generations.lastTier(1) == 1)
    // What has not come back at all is taken from rather than what has.
    generations.evicted[0] = 1000
    #expect(generations.typeToScan(swappiness: 100).type == 1)
    generations.refaulted[4] = 5000
    #expect(generations.typeToScan(swappiness: 100).type == 0)
  }

  /// A table that was added is found, one that was not seldom is; before the first walk all are.
  @Test func theFilterFindsWhatWasAdded() {
    var filter = TableFilter()
    filter.insert(0x1000)
    #expect(filter.mayContain(0x7000))
    filter.reset()
    for table in 0..<500 as Range<UInt64> { filter.insert(0x4000_0000 + table << 12) }
    for table in 0..<500 as Range<UInt64> { #expect(filter.mayContain(0x4000_0000 + table << 12)) }
    let wrong = (500..<10_500 as Range<UInt64>).count { filter.mayContain(0x4000_0000 + $0 << 12) }
    #expect(wrong < 1000)
  }

  /// A file larger than RAM, used at random, with reclaim, aging and switches of policy in between,
  /// is what a row of words is.
  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB], [1, 2, 3] as [UInt64])
  func aFileLargerThanMemoryIsAllThere(size: PageSize, seed: UInt64) throws {
    let ram = size == .fourKiB ? ByteCount.mebibytes(16) : .mebibytes(128)
    let pages = Int(ram.wholePages(of: size).rawValue) * 3 / 2
    let machine = try ReclaimMachine(size, ram: ram, pages: pages)
    defer { machine.end() }
    var random = Random(seed: seed)
    var model = (0..<pages).map { UInt64($0) }
    var written = 0
    turn(machine, on: true)
    for step in 0..<6000 {
      let page = UInt64(random.below(pages))
      machine.keepRoom(&random)
      switch random.below(24) {
      case 0 where written < pages / 8:
        written += 1
        model[Int(page)] = random.next()
        try machine.write(model[Int(page)], page)
      case 1 where random.below(50) == 0: machine.reclaimer.dropPageCache()
      case 2: _ = machine.reclaimer.balance(0, upTo: .movable)
      case 3:
        if let frame = machine.files.pointee.cachedPage(of: machine.inode, at: page) {
          machine.frames.pointee.markAccessed(frame)
        }
      case 4 where random.below(12) == 0:
        _ = machine.frames.pointee.setGenerations(random.below(3) != 0)
        check(machine, "seed \(seed), step \(step)")
      case 5 where random.below(8) == 0: machine.memory.pointee.writeBackAll()
      default:
        let word = try machine.word(page)
        #expect(word == model[Int(page)], "seed \(seed), step \(step), page \(page)")
      }
      if step % 250 == 0 { check(machine, "seed \(seed), step \(step)") }
    }
    check(machine)
    #expect(count(machine, .pgsteal_file) > 0)
  }

  /// What is used through a mapping stays while a file streams by, with the walk of tables where
  /// the CPU notes accesses and through the reverse map where it does not.
  @Test(arguments: [true, false])
  func aHotSetOutlivesAStream(walks: Bool) throws {
    let (machine, _, filePages) = try ReclaimMachine.withSwap(.fourKiB, notesAccesses: walks)
    defer { machine.end() }
    machine.memory.pointee.settings.walksTables = walks
    turn(machine, on: true)
    let space = try machine.machine.makeSpace()
    let hot = 400
    let start = try space.pointee.map(
      MappingRequest(
        address: VirtualAddress(0), length: PageCount(UInt64(hot)).bytes(of: .fourKiB),
        protection: [.read, .write], flags: [.private, .anonymous]))
    for page in 0..<hot {
      try space.pointee.copyOut(
        UInt64(page), to: start + PageCount(UInt64(page)).bytes(of: .fourKiB))
    }
    for _ in 0..<12 {
      for page in 0..<hot { touch(space, start + PageCount(UInt64(page)).bytes(of: .fourKiB)) }
      for page in 0..<UInt64(filePages) { _ = try machine.word(page) }
      _ = reclaim(machine, 300)
      _ = machine.reclaimer.balance(0, upTo: .movable)
      check(machine)
    }
    #expect(count(machine, .pgsteal_file) > 300)
    let out = count(machine, .pswpout)
    #expect(out < hot / 10, "\(out) of the hot pages went to swap")
    for page in 0..<hot {
      let word = try space.pointee.copyIn(
        UInt64.self, from: start + PageCount(UInt64(page)).bytes(of: .fourKiB))
      #expect(word == UInt64(page))
    }
  }

  /// What the CPU does with an entry of a page that a program reads.
  private func touch(_ space: HostMemory.Space, _ address: VirtualAddress) {
    if let slot = space.pointee.tables.entry(for: address), slot.pointee.isValid {
      slot.pointee = slot.pointee.madeYoung
    } else {
      _ = space.pointee.handleFault(at: address, .read)
    }
  }
}
