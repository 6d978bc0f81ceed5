import HostBoard
import MemoryTypes
import PageFrames
import Swap
import TestSupport
import Testing

@Suite struct AreaTests {
  /// Takes so many pages to swap, and says where they went.
  func fill(_ machine: SwapMachine, _ count: Int) -> [SwapEntry] {
    (0..<count).compactMap { index in
      let number = machine.page(UInt64(index))
      guard machine.swap.pointee.addToSwap(number) else { return nil }
      return machine.entry(number)
    }
  }

  @Test func pagesThatGoTogetherLieTogether() throws {
    let machine = SwapMachine()
    try machine.swap.pointee.turnOn(machine.device(1024), name: "/dev/vda", identity: 1)
    // scan_swap_map_slots() on a device that seeks: from the first slot on, in order.
    #expect(fill(machine, 500).map(\.offset) == Array(1...500))
  }

  @Test func prioritiesAndTurns() throws {
    let machine = SwapMachine()
    let swap = machine.swap
    try swap.pointee.turnOn(machine.device(200), name: "/dev/vda", identity: 1)
    try swap.pointee.turnOn(machine.device(200), name: "/dev/vdb", identity: 2)
    try swap.pointee.turnOn(machine.device(200), name: "/dev/vdc", identity: 3, priority: 7)
    try swap.pointee.turnOn(machine.device(200), name: "/dev/vdd", identity: 4, priority: 7)
    #expect((0..<4).map { swap.pointee.area($0)?.pointee.priority } == [-2, -3, 7, 7])
    // Sixty-four at a time, two areas in turn; then the others, one after the other.
    let areas = fill(machine, 900).map(\.area)
    #expect(areas.count == 4 * 199)
    #expect(Set(areas[0..<128]) == [2, 3] && Set(areas[0..<398]) == [2, 3])
    #expect(Set(areas[398..<597]) == [0] && Set(areas[597...]) == [1])
    let hasMore = swap.pointee.addToSwap(machine.page(0))
    #expect(swap.pointee.freePages == 0 && !hasMore)
    #expect(swap.pointee.checkInvariants() == nil)
    // The area below moves up when one without a priority of its own goes (swapoff).
    swap.pointee.suspend(0)
    #expect(swap.pointee.area(1)?.pointee.priority == -2)
    swap.pointee.resume(0)
    // And it comes back below it (reinsert_swap_info()).
    #expect(swap.pointee.area(0)?.pointee.priority == -3)
    #expect(swap.pointee.checkInvariants() == nil)
  }

  @Test func headersThatAreNone() throws {
    let machine = SwapMachine()
    let swap = machine.swap
    func attempt(_ change: (PhysicalAddress) -> Void) -> Errno? {
      let device = machine.device(64)
      if case .boardFile(let start) = device.store { change(start) }
      return errno { try swap.pointee.turnOn(device, name: "/dev/vda", identity: 1) }
    }
    let board = machine.board
    #expect(attempt { board.store(UInt8(0), at: $0 + ByteCount(4090)) } == .EINVAL)
    #expect(attempt { board.store(UInt32(2), at: $0 + ByteCount(1024)) } == .EINVAL)
    #expect(attempt { board.store(UInt32(0), at: $0 + ByteCount(1028)) } == .EINVAL)
    #expect(attempt { board.store(UInt32(64), at: $0 + ByteCount(1028)) } == .EINVAL)
    #expect(attempt { board.store(UInt32.max, at: $0 + ByteCount(1032)) } == .EINVAL)
    #expect(attempt { board.store(UInt32(638), at: $0 + ByteCount(1032)) } == .EINVAL)
    // All its pages are bad.
    let device = machine.device(3, bad: [1, 2])
    #expect(errno { try swap.pointee.turnOn(device, name: "x", identity: 1) } == .EINVAL)
    #expect(attempt { _ in } == nil)
    #expect(attempt { _ in } == .EBUSY)
    #expect(swap.pointee.checkInvariants() == nil)
  }

  @Test func devicesThatFail() throws {
    let machine = SwapMachine()
    let swap = machine.swap
    var device = machine.device(64)
    // The header is the first read.
    device.faults.readsFrom = 2
    device.faults.readsUntil = 3
    device.faults.writesFrom = 2
    device.faults.writesUntil = 3
    try swap.pointee.turnOn(device, name: "/dev/vda", identity: 1)
    let entries = [1, 2].map { word in
      let number = machine.page(UInt64(word))
      let isIn = swap.pointee.addToSwap(number)
      #expect(isIn)
      return (number, machine.entry(number))
    }
    for (number, entry) in entries {
      try swap.pointee.duplicate(entry)
      swap.pointee.write(number)
    }
    swap.pointee.waitForWrites()
    // What could not be written is dirty, and as it was.
    #expect(!machine.frames.pointee.frame(entries[0].0).pointee.flags.contains(.dirty))
    #expect(machine.frames.pointee.frame(entries[1].0).pointee.flags.contains(.dirty))
    swap.pointee.removeFromCache(entries[0].0)
    machine.frames.pointee.release(entries[0].0)
    let answer = swap.pointee.bring(entries[0].1)
    let bad = try #require(answer)
    #expect(!machine.frames.pointee.frame(bad.frame).pointee.flags.contains(.uptodate))
    #expect(machine.word(entries[1].0) == 2)
    #expect(swap.pointee.checkInvariants() == nil)
  }

  @Test func readaheadFollowsHits() {
    // __swapin_nr_pages(): no hits and no neighbour, one page; hits, the next power of two.
    func pages(_ hits: UInt64, last: UInt64 = 0, at place: UInt64 = 100, before: UInt64 = 0)
      -> UInt64
    {
      SwapReadahead.pages(last: last, place, hits: hits, most: 8, lastPages: before)
    }
    #expect(pages(0) == 1 && pages(0, last: 99) == 2 && pages(0, last: 101) == 2)
    #expect(pages(1) == 4 && pages(2) == 4 && pages(3) == 8 && pages(40) == 8)
    #expect(pages(0, before: 8) == 4)
  }
}
