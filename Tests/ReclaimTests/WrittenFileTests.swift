import AddressSpaces
import Arm64
import KernelHeap
import MemoryTypes
import PageFrames
import Reclaim
import TestSupport
import Testing

@testable import Files

/// Pages of a file that were written: they go to blocks of the disk, may be taken, and come back as
/// they were written.
@Suite struct WrittenFileTests {
  private func check(_ machine: ReclaimMachine) {
    machine.frames.pointee.checkInvariants()
    let wrong = machine.frames.pointee.checkLRU()
    #expect(wrong == nil)
    machine.files.pointee.checkInvariants()
  }

  /// More than the memory is written at random, cut off and made longer again; a row of words is the
  /// model.
  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB], [1, 2, 3] as [UInt64])
  func moreThanTheMemoryIsWritten(size: PageSize, seed: UInt64) throws {
    let ram = size == .fourKiB ? ByteCount.mebibytes(16) : .mebibytes(64)
    let pages = Int(ram.wholePages(of: size).rawValue) * 3 / 2
    let machine = try ReclaimMachine(size, ram: ram, pages: pages, blocks: pages + 8)
    defer { machine.end() }
    var random = Random(seed: seed)
    var model = (0..<pages).map { UInt64($0) }
    for step in 0..<8000 {
      let page = UInt64(random.below(pages))
      machine.keepRoom(&random)
      switch random.below(24) {
      case 0..<8:
        model[Int(page)] = random.next()
        try machine.write(model[Int(page)], page)
      case 8: machine.memory.pointee.writeBack(machine.inode, page..<page + 64)
      case 9 where random.below(30) == 0: machine.memory.pointee.writeBackAll()
      case 10 where random.below(30) == 0: machine.reclaimer.dropPageCache()
      case 11 where random.below(60) == 0:
        // Inside of a page, so that what is behind the end there must be zeros afterwards.
        let end = UInt64(pages - random.below(pages / 4)) << size.shift - 4
        try machine.files.pointee.setSize(of: machine.inode, to: end)
        try machine.files.pointee.setSize(of: machine.inode, to: UInt64(pages) << size.shift)
        for index in Int((end + 4) >> size.shift)..<pages { model[index] = 0 }
      default:
        let word = try machine.word(page)
        #expect(word == model[Int(page)], "seed \(seed), step \(step), page \(page)")
      }
      if step % 1000 == 0 { check(machine) }
    }
    for page in 0..<pages {
      machine.keepRoom(&random)
      let word = try machine.word(UInt64(page))
      #expect(word == model[page], "seed \(seed), page \(page)")
    }
    check(machine)
    let written = machine.frames.pointee.statistic(.nr_written)
    #expect(written > pages / 4)
    // Without the file no block is anybody's.
    try machine.files.pointee.setSize(of: machine.inode, to: 0)
    let used = machine.files.pointee.state.pointee.disk.used
    #expect(used == 0)
    check(machine)
  }

  /// drop_caches leaves dirty pages, and takes them once they were written back.
  @Test func writtenBackPagesAreDropped() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(64), pages: 100, blocks: 100)
    defer { machine.end() }
    for page in 0..<100 as Range<UInt64> { try machine.write(1000 + page, page) }
    machine.reclaimer.dropPageCache()
    #expect(machine.inode.pointee.pages.count == 100)
    machine.memory.pointee.writeBack(machine.inode, 0..<60)
    machine.reclaimer.dropPageCache()
    #expect(machine.inode.pointee.pages.count == 40)
    #expect(machine.inode.pointee.pages.values == 60)
    check(machine)
    for page in 0..<100 as Range<UInt64> { #expect(try machine.word(page) == 1000 + page) }
  }

  /// A full disk takes no more pages: those stay in RAM, and nothing is lost.
  @Test func aFullDisk() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(64), pages: 300, blocks: 50)
    defer { machine.end() }
    for page in 0..<300 as Range<UInt64> { try machine.write(7000 + page, page) }
    machine.memory.pointee.writeBackAll()
    let disk = machine.files.pointee.state.pointee.disk
    #expect(disk.used == disk.count && disk.used < 300)
    machine.reclaimer.dropPageCache()
    #expect(machine.inode.pointee.pages.count == 300 - disk.used)
    for page in 0..<300 as Range<UInt64> { #expect(try machine.word(page) == 7000 + page) }
    check(machine)
  }

  /// Where all that reclaim meets is dirty, it is written back, and goes.
  @Test func dirtyPagesAreWrittenByReclaim() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(64), pages: 2000, blocks: 2000)
    defer { machine.end() }
    for page in 0..<2000 as Range<UInt64> { try machine.write(1 + page, page) }
    machine.frames.pointee.drainLRU()
    var reclaimed = 0
    for _ in 0..<4 where reclaimed < 32 {
      var scan = ScanControl(.highUserMovable, highest: .movable)
      scan.wanted = 32
      reclaimed += machine.reclaimer.free(&scan)
    }
    #expect(reclaimed >= 32)
    let immediate = machine.frames.pointee.statistic(.nr_vmscan_immediate_reclaim)
    #expect(immediate > 0)
    check(machine)
    for page in 0..<2000 as Range<UInt64> { #expect(try machine.word(page) == 1 + page) }
  }
}
