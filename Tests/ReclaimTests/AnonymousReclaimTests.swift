import AddressSpaces
import Arm64
import HostBoard
import KernelHeap
import MemorySupport
import MemoryTypes
import PageFrames
import Reclaim
import Swap
import TestSupport
import Testing

/// Pages of a program that go to swap when memory is short, and come back.
@Suite struct AnonymousReclaimTests {
  private func check(_ machine: ReclaimMachine) {
    machine.frames.pointee.checkInvariants()
    let wrong = machine.frames.pointee.checkLRU()
    #expect(wrong == nil)
    let isSound = machine.memory.pointee.swap.pointee.checkInvariants()
    #expect(isSound == nil)
  }

  /// A program with twice as many pages as there are frames, and a file besides, finds every word.
  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB], [1, 2, 3] as [UInt64])
  func twiceTheMemoryIsAllThere(size: PageSize, seed: UInt64) throws {
    let (machine, pages, filePages) = try ReclaimMachine.withSwap(size)
    defer { machine.end() }
    let space = try machine.machine.makeSpace()
    let start = try space.pointee.map(
      MappingRequest(
        address: VirtualAddress(0), length: PageCount(UInt64(pages)).bytes(of: size),
        protection: [.read, .write], flags: [.private, .anonymous, .noReserve]))
    var random = Random(seed: seed)
    var model = [UInt64](repeating: 0, count: pages)
    for page in 0..<pages {
      machine.keepRoom(&random)
      model[page] = random.next()
      try space.pointee.copyOut(
        model[page], to: start + PageCount(UInt64(page)).bytes(of: size))
    }
    for step in 0..<5000 {
      machine.keepRoom(&random)
      let page = random.below(pages)
      let address = start + PageCount(UInt64(page)).bytes(of: size)
      switch random.below(8) {
      case 0, 1, 2:
        model[page] = random.next()
        try space.pointee.copyOut(model[page], to: address)
      case 3:
        let index = UInt64(random.below(filePages))
        #expect(try machine.word(index) == index, "seed \(seed), step \(step)")
      default:
        let word = try space.pointee.copyIn(UInt64.self, from: address)
        #expect(word == model[page], "seed \(seed), step \(step), page \(page)")
      }
      if step % 1000 == 0 { check(machine) }
    }
    #expect(machine.frames.pointee.statistic(.pswpout) > 0)
    #expect(machine.frames.pointee.statistic(.pswpin) > 0)
    check(machine)
    AddressSpace.release(space)
    check(machine)
  }

  /// Where swap is full anonymous pages are aged all the same (can_age_anon_pages()).
  @Test func pagesAgeWhileSwapIsFull() throws {
    let machine = try ReclaimMachine(.fourKiB, ram: .mebibytes(64), pages: 10)
    defer { machine.end() }
    try machine.addSwap(pages: 9)
    let space = try machine.machine.makeSpace()
    let start = try space.pointee.map(
      MappingRequest(
        address: VirtualAddress(0), length: .mebibytes(2), protection: [.read, .write],
        flags: [.private, .anonymous]))
    for page in 0..<512 as Range<UInt64> {
      try space.pointee.copyOut(page, to: start + PageCount(page).bytes(of: .fourKiB))
    }
    try space.pointee.advise(start, .kibibytes(64), Advice.pageOut.rawValue)
    machine.reclaimer.pageOut(space, start, .kibibytes(64))
    let hasRoom = machine.frames.pointee.hasSwap
    #expect(!hasRoom)
    machine.frames.pointee.drainLRU()
    let first = HostBoard.ramBase.rawValue >> 12
    for number in (first..<first + 64 << 8).lazy.map({ PageFrameNumber($0) })
    where machine.frames.pointee.frame(number).pointee.state == .anonymous {
      for _ in 0..<2 { machine.frames.pointee.markAccessed(number) }
    }
    machine.frames.pointee.drainLRU()
    let active = machine.frames.pointee.statistic(.nr_active_anon)
    #expect(active > 400)
    var scan = ScanControl(.highUserMovable, highest: .movable)
    scan.wanted = 8
    machine.reclaimer.shrinkNode(&scan)
    machine.frames.pointee.drainLRU()
    let left = machine.frames.pointee.statistic(.nr_active_anon)
    #expect(left == active - 32)
    check(machine)
    AddressSpace.release(space)
  }
}
