import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import Reclaim
import TestSupport
import Testing

@testable import AddressSpaces

@Suite struct CompactionTests {
  static let sizes: [PageSize] = [.fourKiB, .sixteenKiB]

  /// Every second page of nearly all of memory is freed: nothing large is free.
  ///
  /// Compacted, nearly all of the free memory is in large blocks, and what is left reads as it
  /// was written.
  @Test(arguments: sizes) func checkerboard(size: PageSize) throws {
    let machine = try CompactionMachine(size, ram: .mebibytes(size == .fourKiB ? 64 : 256))
    defer { machine.board.release() }
    let space = try machine.memory.makeSpace()
    let count = Int(machine.frames.pointee.free.rawValue) * 9 / 10
    let start = try machine.map(space, count, shared: false)
    for index in 0..<count {
      _ = machine.access(space, start + UInt64(index) * machine.page, storing: UInt64(index))
    }
    for index in stride(from: 0, to: count, by: 2) {
      try space.pointee.advise(
        VirtualAddress(start + UInt64(index) * machine.page), ByteCount(machine.page), 4)
    }
    machine.check([space], 0)
    // A page block is 32 MiB on 16K pages, of which there are few.
    let order: UInt64 = 6
    let before = machine.blocks(from: order)
    machine.frames.pointee.drain()
    let free = machine.frames.pointee.free
    machine.compactor.compactAll()
    machine.frames.pointee.drain()
    machine.check([space], 0)
    let freeAfter = machine.frames.pointee.free
    #expect(freeAfter == free)
    let possible = Int(free.rawValue) >> Int(order)
    let after = machine.blocks(from: order)
    #expect(after > before && after * 10 >= possible * 8, "\(before), \(after) of \(possible)")
    let moved = machine.frames.pointee.statistic(.pgmigrate_success)
    #expect(moved > count / 8)
    for index in stride(from: 1, to: count, by: 2) {
      let word = machine.access(space, start + UInt64(index) * machine.page)
      #expect(word == UInt64(index))
    }
  }

  /// A page that somebody else has a reference to stays where it is, and so does what it says.
  @Test func pinnedPagesStay() throws {
    let machine = try CompactionMachine(.fourKiB, ram: .mebibytes(32))
    defer { machine.board.release() }
    let space = try machine.memory.makeSpace()
    let start = try machine.map(space, 1, shared: false)
    _ = machine.access(space, start, storing: 7)
    machine.frames.pointee.drainLRU()
    guard let slot = space.pointee.tables.entry(for: VirtualAddress(start)) else {
      fatalError("no table")
    }
    let number = slot.pointee.frame(in: machine.board.translation)
    let frame = machine.frames.pointee.frame(number)
    frame.pointee.referenceCount += 1
    let isIsolated = machine.frames.pointee.isolate(number)
    #expect(isIsolated)
    guard let target = machine.frames.pointee.allocate(.highUserMovable) else {
      fatalError("no frame")
    }
    let isMoved = machine.context.pointee.migrate(number, to: target)
    #expect(!isMoved)
    machine.frames.pointee.free(target)
    machine.frames.pointee.putBack(number)
    frame.pointee.referenceCount -= 1
    #expect(machine.access(space, start) == 7)
    machine.check([space], 0)
  }

  /// Programs write, forget, fork and lock while memory is compacted in every way; a model knows
  /// what each of their words must be.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func nothingChanges(seed: UInt64) throws {
    var random = Random(seed: seed)
    let size = seed % 2 == 0 ? PageSize.sixteenKiB : .fourKiB
    let machine = try CompactionMachine(size, ram: .mebibytes(size == .fourKiB ? 24 : 96))
    defer { machine.board.release() }
    let count = 1200
    let first = try machine.memory.makeSpace()
    let own = try machine.map(first, count, shared: false)
    let shared = try machine.map(first, 200, shared: true)
    var spaces = [first]
    var models: [[UInt64: UInt64]] = [[:]]
    var common: [UInt64: UInt64] = [:]
    for step in 0..<1500 {
      let who = random.below(spaces.count)
      let space = spaces[who]
      let place = own + UInt64(random.below(count)) * machine.page
      switch random.below(100) {
      case 0..<60:
        let value = random.next()
        models[who][place] = machine.access(space, place, storing: value)
      case 60..<75:
        let place = shared + UInt64(random.below(200)) * machine.page
        common[place] = machine.access(space, place, storing: random.next())
      case 75..<92:
        machine.memory.activate(space)
        let pages = UInt64(1 + random.below(40))
        let end = min(place + pages * machine.page, own + UInt64(count) * machine.page)
        // Locked pages stay, and what is behind them.
        var isDone = true
        do throws(Errno) {
          try space.pointee.advise(VirtualAddress(place), ByteCount(end - place), 4)
        } catch { isDone = false }
        for at in stride(from: place, to: end, by: Int(machine.page)) {
          if isDone || machine.access(space, at) == 0 { models[who][at] = nil }
        }
      case 92..<94 where spaces.count < 4:
        machine.memory.activate(space)
        guard let child = space.pointee.copy() else { continue }
        spaces.append(child)
        models.append(models[who])
      case 94..<96:
        machine.memory.activate(space)
        try space.pointee.lock(VirtualAddress(place), ByteCount(machine.page), onFault: false)
      case 96..<98: machine.compactor.compactAll()
      default:
        let order = 1 + random.below(9)
        let priority = Compactor<HostBoard>.Priority(rawValue: random.below(3)) ?? .full
        _ = machine.compactor.compact(for: order, .highUserMovable, priority, threshold: 0)
      }
      if step % 100 == 99 { machine.check(spaces, seed) }
    }
    machine.compactor.compactAll()
    machine.check(spaces, seed)
    for (space, model) in zip(spaces, models) {
      for (place, value) in model { #expect(machine.access(space, place) == value, "seed \(seed)") }
      for (place, value) in common {
        #expect(machine.access(space, place) == value, "seed \(seed)")
      }
    }
  }
}
