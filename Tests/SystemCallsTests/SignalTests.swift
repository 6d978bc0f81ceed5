import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes
import Tasks
import Testing

/// Handlers: the frame they find, and the way back.
@Suite struct SignalTests {
  /// Sets a handler at a program counter.
  static func setHandler(_ guest: Guest, _ signal: UInt64, at counter: UInt64, flags: UInt64 = 4) {
    guest.store(counter, at: 0x42_1000)
    guest.store(flags, at: 0x42_1008)
    guest.store(UInt64(0x7777), at: 0x42_1010)
    guest.store(UInt64(0), at: 0x42_1018)
    #expect(guest.call(134, signal, 0x42_1000, 0, 8) == 0)
  }

  @Test func aHandlerFindsItsFrameAndReturns() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.run { guest in
      Self.setHandler(guest, 10, at: 0x5000, flags: 0x0400_0004)
      for index in 0..<31 { guest.context.pointee.x[index] = UInt64(index) * 3 }
      guest.context.pointee.programCounter = 0x1234
      guest.context.pointee.processorState = 0x6000_0000
      let pid = UInt64(guest.call(172))
      let before = guest.context.pointee
      #expect(guest.call(129, pid, 10) == 10)  // x0 is the handler's argument now
      let frame = guest.context.pointee.stackPointer
      #expect(frame & 15 == 0)
      #expect(guest.context.pointee.programCounter == 0x5000)
      #expect(guest.context.pointee.x[1] == frame)
      #expect(guest.context.pointee.x[2] == frame + 128)
      #expect(guest.context.pointee.x[30] == 0x7777)
      // siginfo: the number, SI_USER, the sender.
      #expect(guest.load(UInt64.self, at: frame) == 10)
      #expect(guest.load(UInt64.self, at: frame + 8) == 0)
      #expect(guest.load(UInt64.self, at: frame + 16) == pid)
      // ucontext: the mask, x0 as the call's result, x19, SP, PC.
      #expect(guest.load(UInt64.self, at: frame + 168) == 0)
      #expect(guest.load(UInt64.self, at: frame + 312) == 0)
      #expect(guest.load(UInt64.self, at: frame + 312 + 19 * 8) == 57)
      #expect(guest.load(UInt64.self, at: frame + 312 + 31 * 8) == before.stackPointer)
      #expect(guest.load(UInt64.self, at: frame + 312 + 32 * 8) == 0x1234)
      #expect(guest.load(UInt32.self, at: frame + 592) == 0x4650_8001)
      // The frame record above it.
      let record = guest.context.pointee.x[29]
      #expect(record == frame + 4688)
      #expect(guest.load(UInt64.self, at: record) == 87)
      check(guest.task.pointee.blocked.rawValue == 1 << 9)

      // The handler changes a register and returns.
      guest.store(UInt64(99), at: frame + 312 + 20 * 8)
      guest.context.pointee.x[19] = 1
      #expect(guest.call(139) == 0)
      #expect(guest.context.pointee.x[19] == 57)
      #expect(guest.context.pointee.x[20] == 99)
      #expect(guest.context.pointee.stackPointer == before.stackPointer)
      #expect(guest.context.pointee.programCounter == 0x1234)
      #expect(guest.context.pointee.processorState == 0x6000_0000)
      check(guest.task.pointee.blocked.rawValue == 0)
    }
  }

  @Test func aFaultCallsItsHandler() {
    let machine = GuestMachine()
    defer { machine.end() }
    let end = machine.run { guest in
      Self.setHandler(guest, 11, at: 0x5000)
      guest.context.pointee.programCounter = 0x40_0100
      guest.touch(0xdead_0000, write: true)
      let frame = guest.context.pointee.stackPointer
      #expect(guest.context.pointee.programCounter == 0x5000)
      #expect(guest.load(UInt64.self, at: frame) == 11)
      #expect(guest.load(UInt64.self, at: frame + 8) == 1)  // SEGV_MAPERR
      #expect(guest.load(UInt64.self, at: frame + 16) == 0xdead_0000)
      #expect(guest.load(UInt64.self, at: frame + 304) == 0xdead_0000)
      #expect(guest.load(UInt32.self, at: frame + 592 + 528) == 0x4553_5201)
      // Blocked while its handler runs: the next one ends the program.
      guest.touch(0xdead_0000, write: true)
    }
    #expect(end.reason == .signalled && end.status == 11)
  }

  @Test func theOtherStackIsUsed() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.run { guest in
      let stack = guest.memory(0x10000)
      guest.store(stack, at: 0x42_1100)
      guest.store(UInt64(0), at: 0x42_1108)
      guest.store(UInt64(0x10000), at: 0x42_1110)
      #expect(guest.call(132, 0x42_1100, 0) == 0)
      Self.setHandler(guest, 10, at: 0x5000, flags: 0x0800_0004)
      let own = guest.context.pointee.stackPointer
      guest.call(129, UInt64(guest.call(172)), 10)
      let frame = guest.context.pointee.stackPointer
      #expect(frame > stack && frame < stack + 0x10000)
      #expect(guest.load(UInt64.self, at: frame + 144) == stack)
      guest.call(139)
      #expect(guest.context.pointee.stackPointer == own)
    }
  }

  /// A stack that is nowhere, a frame that is none: SIGSEGV.
  @Test func brokenFramesEndTheProgram() {
    let machine = GuestMachine()
    defer { machine.end() }
    let noStack = machine.run { guest in
      Self.setHandler(guest, 10, at: 0x5000)
      guest.context.pointee.stackPointer = 0x1000
      guest.call(129, UInt64(guest.call(172)), 10)
    }
    #expect(noStack.reason == .signalled && noStack.status == 11)
    for pointer in [0, 8, 0x42_1001, 0x42_1000, ~15, 0xffff_8000_0000_0000] as [UInt64] {
      let end = machine.run { guest in
        guest.context.pointee.stackPointer = pointer
        guest.call(139)
      }
      #expect(end.reason == .signalled && end.status == 11, "\(pointer)")
    }
  }

  /// A wait that a child's end interrupts: EINTR without SA_RESTART, made again with it.
  @Test(arguments: [false, true])
  func waitsAreInterruptedOrMadeAgain(_ restarts: Bool) {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.programs[0x1000] = { guest in guest.call(94, 3) }
    machine.run { guest in
      let place = guest.memory(4096)
      guest.call(59, place, 0)
      Self.setHandler(guest, 17, at: 0x5000, flags: restarts ? 0x1000_0004 : 4)
      guest.context.pointee.programCounter = 0x40_0200
      _ = guest.fork(childAt: 0x1000)
      guest.context.pointee.programCounter = 0x40_0200
      // Nobody writes: only the signal ends the read.
      guest.call(63, 3, place, 1)
      let frame = guest.context.pointee.stackPointer
      #expect(guest.context.pointee.programCounter == 0x5000)
      #expect(guest.load(UInt64.self, at: frame) == 17)
      #expect(guest.load(UInt64.self, at: frame + 8) == 1)  // CLD_EXITED
      #expect(guest.load(UInt32.self, at: frame + 24) == 3)
      let counter = guest.load(UInt64.self, at: frame + 312 + 32 * 8)
      let result = guest.load(Int64.self, at: frame + 312)
      #expect(counter == (restarts ? 0x40_01fc : 0x40_0200))
      #expect(result == (restarts ? 3 : -4))
      guest.call(94, 0)
    }
  }

  /// Who ignores SIGCHLD has no zombies, and waits for nothing when all have ended.
  @Test func ignoredChildrenLeaveNothing() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.programs[0x1000] = { guest in guest.call(94, 1) }
    machine.run { guest in
      Self.setHandler(guest, 17, at: 1)
      for _ in 0..<3 { _ = guest.fork(childAt: 0x1000) }
      #expect(guest.call(260, ~0, 0, 0) == -10)
      guest.call(124)
      check(guest.kernel.store.pointee.taskCount == 2)
    }
  }

  @Test func suspendWaitsWithAnotherMask() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.programs[0x1000] = { guest in guest.call(94, 0) }
    machine.run { guest in
      Self.setHandler(guest, 17, at: 0x5000)
      guest.store(UInt64(1) << 16, at: 0x42_1200)
      guest.call(135, 0, 0x42_1200, 0, 8)  // SIGCHLD is held back
      _ = guest.fork(childAt: 0x1000)
      guest.store(UInt64(0), at: 0x42_1200)
      guest.call(133, 0x42_1200, 8)
      let frame = guest.context.pointee.stackPointer
      #expect(guest.context.pointee.programCounter == 0x5000)
      #expect(guest.load(UInt64.self, at: frame + 168) == 1 << 16)
      #expect(guest.load(Int64.self, at: frame + 312) == -4)
      guest.call(139)
      check(guest.task.pointee.blocked.rawValue == 1 << 16)
    }
  }
}
