import BoardFormat
import MemoryTypes
import PageFrames
import Tasks
import Testing

@Suite struct ProcessTests {
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func runsAndEnds(_ pageSize: PageSize) {
    let machine = GuestMachine(pageSize)
    defer { machine.end() }
    var seen: [Int64] = []
    let end = machine.run { guest in
      seen = [guest.call(172), guest.call(173)]
      guest.call(94, 42)
    }
    #expect(end.reason == .exited)
    #expect(end.status == 42)
    #expect(seen == [2, 1])
  }

  /// Two runs take the same frames: nothing is left behind by the first.
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func givesEverythingBack(_ pageSize: PageSize) {
    let machine = GuestMachine(pageSize)
    defer { machine.end() }
    func once() -> PageCount {
      machine.run { guest in
        let place = guest.memory(1 << 20)
        for page in 0..<UInt64(16) { guest.store(page, at: place + page << 16) }
        guest.call(214, 0x50_0000)
      }
      machine.kernel.frames.pointee.drain()
      return machine.kernel.frames.pointee.free
    }
    _ = once()
    let before = once()
    #expect(once() == before)
    machine.kernel.frames.pointee.checkInvariants()
  }

  @Test func forksWaitsAndReaps() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.programs[0x1000] = { guest in
      guest.store(UInt64(7), at: 0x42_1000)
      guest.call(94, 9)
    }
    var results: [Int64] = []
    var status: UInt32 = 0
    let end = machine.run { guest in
      guest.store(UInt64(1), at: 0x42_1000)
      let child = guest.fork(childAt: 0x1000)
      let place = guest.memory(4096)
      results.append(child)
      results.append(guest.call(260, ~0, place, 1))  // WNOHANG: it has not run
      results.append(guest.call(260, ~0, place, 0))
      status = guest.load(at: place)
      results.append(Int64(guest.load(UInt64.self, at: 0x42_1000)))
      results.append(guest.call(260, ~0, place, 0))
    }
    #expect(end.reason == .exited && end.status == 0)
    #expect(results == [3, 0, 3, 1, -10])
    #expect(status == 9 << 8)
  }

  @Test func vforkLendsMemory() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.programs[0x1000] = { guest in
      guest.store(UInt64(7), at: 0x42_1000)
      guest.call(94, 3)
    }
    var value: UInt64 = 0
    machine.run { guest in
      #expect(guest.fork(childAt: 0x1000, flags: 0x4111) == 3)
      value = guest.load(at: 0x42_1000)
      #expect(guest.call(260, 3, 0, 0) == 3)
    }
    #expect(value == 7)
  }

  @Test func signalsEndProcesses() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.programs[0x1000] = { guest in
      while true { guest.call(124) }
    }
    var status: UInt32 = 0
    let end = machine.run { guest in
      let child = UInt64(guest.fork(childAt: 0x1000))
      let place = guest.memory(4096)
      #expect(guest.call(129, child, 15) == 0)
      #expect(guest.call(260, child, place, 0) == Int64(child))
      status = guest.load(at: place)
      #expect(guest.call(129, child, 15) == -3)
      guest.call(131, 2, 2, 6)
    }
    #expect(status == 15)
    #expect(end.reason == .signalled && end.status == 6)
  }

  @Test func wildAccessIsASegmentationFault() {
    let machine = GuestMachine()
    defer { machine.end() }
    let end = machine.run { guest in guest.touch(0xdead_0000, write: true) }
    #expect(end.reason == .signalled && end.status == 11)
    #expect(end.address == 0xdead_0000)
    #expect(machine.processor.output(.log).contains("unhandled exception"))
  }

  /// The parent dies first: process 1 takes the child, which the end of the program ends.
  @Test func orphansDoNotOutliveTheProgram() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.programs[0x1000] = { guest in
      #expect(guest.call(173) == 2)
      while true { guest.call(124) }
    }
    let end = machine.run { guest in
      _ = guest.fork(childAt: 0x1000)
      guest.call(124)
      guest.call(94, 5)
    }
    #expect(end.status == 5)
    check(machine.kernel.store.pointee.taskCount == 1)
  }

  @Test func memoryRunsOutAndTheLargestIsKilled() {
    let machine = GuestMachine(ram: .mebibytes(32))
    defer { machine.end() }
    let end = machine.run { guest in
      while true {
        // One request above all RAM would be refused at once.
        let place = guest.memory(16 << 20)
        for page in 0..<UInt64(16 << 20) / 4096 { guest.touch(place + page * 4096, write: true) }
      }
    }
    #expect(end.reason == .outOfMemory && end.status == 9)
    #expect(machine.processor.output(.log).contains("Out of memory: Killed process 2 (program)"))
  }

  /// The same when the kernel finds no frame while it stores for a program.
  @Test func memoryRunsOutInASystemCall() {
    let machine = GuestMachine(ram: .mebibytes(32))
    defer { machine.end() }
    let end = machine.run { guest in
      guest.store("/dev/zero", at: 0x42_1000)
      #expect(guest.call(56, 0, 0x42_1000, 0) == 3)
      while true {
        let place = guest.memory(16 << 20)
        guard guest.call(63, 3, place, 16 << 20) > 0 else { break }
      }
      guest.call(94, 1)
    }
    #expect(end.reason == .outOfMemory && end.status == 9)
  }

  /// A child that was lent its parent's memory fills it: both go, and nothing waits for ever.
  @Test func memoryRunsOutInLentMemory() {
    let machine = GuestMachine(ram: .mebibytes(32))
    defer { machine.end() }
    machine.programs[0x1000] = { guest in
      while true {
        let place = guest.memory(16 << 20)
        for page in 0..<UInt64(16 << 20) / 4096 { guest.touch(place + page * 4096, write: true) }
      }
    }
    let end = machine.run { guest in
      _ = guest.fork(childAt: 0x1000, flags: 0x4111)
      guest.call(94, 1)
    }
    #expect(end.status == 9)
  }

  @Test func sleepsInVirtualTime() {
    let machine = GuestMachine()
    defer { machine.end() }
    var times: [UInt64] = []
    machine.run { guest in
      let place = guest.memory(4096)
      guest.store(UInt64(3), at: place)
      guest.store(UInt64(0), at: place + 8)
      for _ in 0..<2 {
        guest.call(113, 1, place + 16)
        times.append(guest.load(UInt64.self, at: place + 16))
        #expect(guest.call(101, place, 0) == 0)
      }
      guest.call(113, 1, place + 16)
      times.append(guest.load(UInt64.self, at: place + 16))
    }
    #expect(times[1] - times[0] == 3 && times[2] - times[1] == 3)
  }
}

/// `#expect` for conditions with objects in place, which the macro would copy.
func check(_ condition: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(condition, sourceLocation: sourceLocation)
}
