import AddressSpaces
import Arm64
import KernelHeap
import MemoryTypes
import PageFrames
import Reclaim
import TestSupport
import Testing

@testable import Files

/// Pages of a file on a disk: what is taken, what stays, and that nothing is lost.
@Suite struct FileReclaimTests {
  private func check(_ machine: ReclaimMachine) {
    machine.frames.pointee.checkInvariants()
    let wrong = machine.frames.pointee.checkLRU()
    #expect(wrong == nil)
    machine.files.pointee.checkInvariants()
  }

  private func count(_ machine: ReclaimMachine, _ item: VMStat) -> Int {
    machine.frames.pointee.statistic(item)
  }

  /// A clean page goes, and comes back as it was; the second time it is known.
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func cleanPagesGoAndComeBack(size: PageSize) throws {
    let machine = try ReclaimMachine(size, ram: .mebibytes(64), pages: 300)
    defer { machine.end() }
    for page in 0..<300 as Range<UInt64> { #expect(try machine.word(page) == page) }
    machine.frames.pointee.drainLRU()
    var scan = ScanControl(.highUserMovable, highest: .movable)
    scan.wanted = 32
    #expect(machine.reclaimer.free(&scan) >= 32)
    let stolen = count(machine, .pgsteal_direct)
    #expect(stolen == count(machine, .pgsteal_file) && stolen >= 32 && stolen < 300)
    #expect(machine.inode.pointee.pages.count == UInt64(300 - stolen))
    #expect(machine.inode.pointee.pages.values == UInt64(stolen))
    check(machine)
    for page in 0..<300 as Range<UInt64> { #expect(try machine.word(page) == page) }
    #expect(count(machine, .workingset_refault_file) == stolen)
    #expect(machine.inode.pointee.pages.values == 0)
    check(machine)
  }

  /// What is read twice is used; what is read in pieces, one after the other, is not
  /// (filemap_read()).
  @Test func whatIsReadTwiceBecomesActive() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(64), pages: 100)
    defer { machine.end() }
    func active() -> Int {
      machine.frames.pointee.drainLRU()
      return machine.frames.pointee.statistic(.nr_active_file)
    }
    func read(_ page: UInt64) throws {
      let read = try machine.files.pointee.read(
        machine.file, at: page << 12 + 100, ByteCount(200)
      ) { $0.count }
      #expect(read == 200)
    }
    for _ in 0..<9 { try read(99) }
    #expect(active() == 0)
    for page in 0..<99 as Range<UInt64> { try read(page) }
    #expect(active() == 0)
    for page in 0..<50 as Range<UInt64> { try read(page) }
    #expect(active() == 50)
    check(machine)
  }

  /// Of a group that was removed what little it left is looked at from the first priority on
  /// (get_scan_count()).
  @Test func aRemovedGroupIsScrapedOut() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(64), pages: 100)
    defer { machine.end() }
    func reclaimed(_ group: KernelPointer<MemoryGroup>) throws -> Int {
      machine.frames.pointee.drainLRU()
      var scan = ScanControl(.highUserMovable, highest: .movable)
      scan.wanted = 1000
      machine.reclaimer.shrinkNode(&scan)
      return scan.reclaimed
    }
    let made = machine.frames.pointee.makeGroup(below: nil)
    let group = try #require(made)
    machine.frames.pointee.groups.current = group
    for page in 0..<100 as Range<UInt64> { _ = try machine.word(page) }
    machine.frames.pointee.groups.current = nil
    let online = try reclaimed(group)
    #expect(online == 0)
    machine.frames.pointee.endGroup(group)
    let offline = try reclaimed(group)
    #expect(offline > 0)
    check(machine)
  }

  /// drop_caches forgets evictions of files that have pages in RAM.
  @Test func droppedCachesAreNoRefaults() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(64), pages: 300, blocks: 300)
    defer { machine.end() }
    for page in 0..<100 as Range<UInt64> { try machine.write(1000 + page, page) }
    machine.memory.pointee.writeBack(machine.inode, 0..<100)
    for page in 0..<300 as Range<UInt64> { _ = try machine.word(page) }
    var scan = ScanControl(.highUserMovable, highest: .movable)
    scan.wanted = 150
    _ = machine.reclaimer.free(&scan)
    #expect(machine.inode.pointee.pages.values > 50)
    #expect(machine.inode.pointee.pages.count > 0)
    machine.reclaimer.dropPageCache()
    for page in 0..<300 as Range<UInt64> {
      #expect(try machine.word(page) == (page < 100 ? 1000 + page : page))
    }
    #expect(count(machine, .workingset_refault_file) == 0)
    check(machine)
  }

  /// Written pages stay, after their write-back, too: the archive below is never written.
  @Test func writtenPagesStay() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(64), pages: 100)
    defer { machine.end() }
    for page in 0..<100 as Range<UInt64> { _ = try machine.word(page) }
    for page in stride(from: 0, to: 100, by: 3) as StrideTo<UInt64> {
      try machine.write(1000 + page, page)
    }
    machine.memory.pointee.writeBack(machine.inode, 0..<50)
    for _ in 0..<4 {
      var scan = ScanControl(.highUserMovable, highest: .movable)
      scan.wanted = 1000
      _ = machine.reclaimer.free(&scan)
      machine.reclaimer.dropPageCache()
    }
    #expect(machine.inode.pointee.pages.count == 34)
    check(machine)
    for page in 0..<100 as Range<UInt64> {
      #expect(try machine.word(page) == (page % 3 == 0 ? 1000 + page : page))
    }
  }

  /// A file larger than RAM, read and written at random, with reclaim of all kinds in between, is
  /// what a row of words is.
  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB], [1, 2, 3] as [UInt64])
  func aFileLargerThanMemoryIsAllThere(size: PageSize, seed: UInt64) throws {
    let ram = size == .fourKiB ? ByteCount.mebibytes(16) : .mebibytes(128)
    let pages = Int(ram.wholePages(of: size).rawValue) * 3 / 2
    let machine = try ReclaimMachine(size, ram: ram, pages: pages)
    defer { machine.end() }
    var random = Random(seed: seed)
    var model = (0..<pages).map { UInt64($0) }
    var written = 0
    for step in 0..<6000 {
      let page = UInt64(random.below(pages))
      machine.keepRoom(&random)
      switch random.below(20) {
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
      default:
        let word = try machine.word(page)
        #expect(word == model[Int(page)], "seed \(seed), step \(step), page \(page)")
      }
      if step % 500 == 0 { check(machine) }
    }
    check(machine)
    #expect(count(machine, .workingset_refault_file) > 0)
  }
}
