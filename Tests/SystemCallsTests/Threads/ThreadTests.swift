import Arm64
import BoardFormat
import KernelHeap
import MemoryTypes
import PageFrames
import Tasks
import Testing

/// Threads as functions of the test: their life, and what they leave.
@Suite struct ThreadTests {
  /// CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD, _SYSVSEM.
  static let flags: UInt64 = 0x50f00
  static let clearsWord: UInt64 = 0x20_0000

  /// Runs a program twice and expects the second to leave what the first did.
  private func runTwice(
    _ machine: GuestMachine, _ body: @escaping (Guest) -> Void
  ) -> (EndRecord, EndRecord) {
    let first = machine.run(body)
    machine.kernel.frames.pointee.drain()
    let free = machine.kernel.frames.pointee.free
    let second = machine.run(body)
    machine.kernel.frames.pointee.drain()
    #expect(machine.kernel.frames.pointee.free == free, "frames were lost")
    machine.kernel.frames.pointee.checkInvariants()
    machine.kernel.slab.pointee.checkInvariants()
    #expect(machine.kernel.store.pointee.taskCount == 1)
    #expect(machine.kernel.store.pointee.processCount == 1)
    #expect(machine.kernel.store.pointee.deadlines.count == 0)
    return (first, second)
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func shareMemoryAndAreJoined(_ pageSize: PageSize) {
    let machine = GuestMachine(pageSize)
    defer { machine.end() }
    let word: UInt64 = 0x42_1000
    machine.programs[0x1000] = { guest in
      #expect(guest.task.pointee.threadGroup != guest.task.pointee.pid)
      guest.store(guest.load(UInt32.self, at: word + 8) + 1, at: word + 8)
      guest.call(93, 0)
    }
    let (first, second) = runTwice(machine) { guest in
      for _ in 0..<10 {
        guest.store(UInt32(1), at: word)
        let thread = guest.clone(
          at: 0x1000, Self.flags | Self.clearsWord, childWord: word)
        #expect(thread > 0)
        #expect(guest.task.pointee.process.pointee.threadCount == 2)
        while guest.load(UInt32.self, at: word) != 0 {
          guest.call(98, word, 0, 1)  // FUTEX_WAIT, until the kernel clears it
        }
      }
      guest.call(94, UInt64(guest.load(UInt32.self, at: word + 8)))
    }
    #expect(first.status == 10 && second.status == 10)
  }

  /// exit_group of one ends all, wherever they wait.
  @Test func exitOfTheGroupEndsSleepers() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.programs[0x1000] = { guest in
      guest.call(98, 0x42_1000, 128, 0)  // FUTEX_WAIT_PRIVATE
      Issue.record("a thread that was ended went on")
    }
    machine.programs[0x2000] = { guest in guest.call(94, 5) }
    let (first, _) = runTwice(machine) { guest in
      for _ in 0..<5 { guest.clone(at: 0x1000, Self.flags) }
      guest.clone(at: 0x2000, Self.flags)
      guest.call(98, 0x42_1000, 128, 0)
      Issue.record("the leader went on")
    }
    #expect(first.status == 5)
  }

  /// A leader that ends first is a zombie that nobody may wait for yet; the last decides.
  @Test func leaderFirst() {
    let machine = GuestMachine()
    defer { machine.end() }
    var early: Int64 = -1
    machine.programs[0x1000] = { guest in
      guest.clone(at: 0x2000, Self.flags)
      guest.call(93, 1)
    }
    machine.programs[0x2000] = { guest in
      for _ in 0..<3 { guest.call(124) }
      guest.call(93, 7)
    }
    let (first, _) = runTwice(machine) { guest in
      let child = guest.fork(childAt: 0x1000)
      guest.call(124)
      guest.call(124)
      early = guest.call(260, UInt64(bitPattern: child), 0, 1)
      let place = guest.memory(4096)
      guest.call(260, UInt64(bitPattern: child), place, 0)
      guest.call(94, UInt64(guest.load(UInt32.self, at: place) >> 8))
    }
    #expect(early == 0)
    #expect(first.status == 7)
  }

  /// A number that names a group stays taken when its process is gone.
  @Test func numbersStayWhileTheyNameAGroup() {
    let machine = GuestMachine()
    defer { machine.end() }
    let kernel = machine.kernel
    machine.programs[0x1000] = { guest in
      guest.call(154, 0, 0)  // a group of its own
      let inner = guest.fork(childAt: 0x2000)
      #expect(inner > 0)
      guest.call(94, 0)
    }
    machine.programs[0x2000] = { guest in
      for _ in 0..<8 { guest.call(124) }
      guest.call(94, 0)
    }
    _ = runTwice(machine) { guest in
      let child = Int32(guest.fork(childAt: 0x1000))
      guest.call(260, UInt64(child), 0, 0)
      #expect(kernel.task(child) == nil && kernel.process(child) == nil)
      #expect(kernel.number(child)?.pointee.firstOfGroup != nil)
      for _ in 0..<20 { guest.call(124) }
      #expect(kernel.number(child) == nil)
    }
  }

  /// The timer ends a slice: who is interrupted goes behind those who wait.
  @Test func sliceEnds() {
    let machine = GuestMachine()
    defer { machine.end() }
    var order: [Int] = []
    machine.programs[0x1000] = { guest in
      order.append(2)
      guest.call(93, 0)
    }
    machine.run { guest in
      // What was set when the program began to wait for the CPU is over when it comes.
      machine.kernel.interruptProgram()
      #expect(machine.processor.timer == nil)
      guest.clone(at: 0x1000, Self.flags)
      guard let moment = machine.processor.timer else {
        Issue.record("no timer for who waits")
        return
      }
      // Too early nobody is put out; the timer is set again.
      machine.kernel.interruptProgram()
      order.append(1)
      #expect(machine.processor.timer == moment)
      machine.processor.idle(until: moment)
      machine.kernel.interruptProgram()
      order.append(3)
      #expect(machine.processor.timer == nil)
      #expect(guest.task.pointee.involuntarySwitches == 1)
    }
    #expect(order == [1, 2, 3])
  }

  /// Sleeps of many lengths end in their order.
  @Test func sleepersWakeInOrder() {
    let machine = GuestMachine()
    defer { machine.end() }
    var order: [UInt64] = []
    for index in 0..<8 as Range<UInt64> {
      machine.programs[0x1000 + index] = { guest in
        let place: UInt64 = 0x42_1000 + index * 16
        guest.store(UInt64(0), at: place)
        guest.store((index * 5 % 8 + 1) * 1_000_000, at: place + 8)
        guest.call(101, place, 0)
        order.append(index * 5 % 8)
        guest.call(93, 0)
      }
    }
    _ = machine.run { guest in
      for index in 0..<8 as Range<UInt64> { guest.clone(at: 0x1000 + index, Self.flags) }
      guest.call(93, 0)
    }
    #expect(order == Array(0..<8))
  }
}

extension Guest {
  /// clone, with the child beginning at another program counter.
  @discardableResult
  func clone(at counter: UInt64, _ flags: UInt64, childWord: UInt64 = 0) -> Int64 {
    let own = context.pointee.programCounter
    context.pointee.programCounter = counter
    defer { context.pointee.programCounter = own }
    return call(220, flags, 0, 0, 0, childWord)
  }
}
