import Arm64
import MemoryTypes
import Tasks
import Testing

/// What waits in queues, and what becomes of it.
@Suite struct SignalQueueTests {
  private static let information: UInt64 = 0x42_1400

  /// Queues a real-time signal of the program's own to itself.
  private func queue(_ guest: Guest, _ signal: UInt64, value: UInt64) -> Int64 {
    guest.store(UInt64(signal), at: Self.information)
    guest.store(UInt64(UInt32(bitPattern: -1)), at: Self.information + 8)
    guest.store(UInt64(0), at: Self.information + 16)
    guest.store(value, at: Self.information + 24)
    return guest.call(138, UInt64(guest.call(172)), signal, Self.information)
  }

  private func block(_ guest: Guest, _ mask: UInt64) {
    guest.store(mask, at: 0x42_1200)
    guest.call(135, 2, 0x42_1200, 0, 8)
  }

  /// The limit holds, the values come in order, and the dead leave nothing on their user's account.
  @Test func queuesAreLimitedAndFreed() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.run { guest in
      block(guest, ~0)
      guest.store(UInt64(5), at: 0x42_1200)
      guest.store(UInt64(5), at: 0x42_1208)
      #expect(guest.call(164, 11, 0x42_1200) == 0)  // RLIMIT_SIGPENDING
      for value in 0..<5 as Range<UInt64> { #expect(queue(guest, 40, value: value) == 0) }
      #expect(queue(guest, 40, value: 5) == -11)  // EAGAIN
      check(guest.task.pointee.user.pointee.pendingSignals == 5)
      // rt_sigtimedwait takes them oldest first.
      guest.store(UInt64(1) << 39, at: 0x42_1200)
      for value in 0..<3 as Range<UInt64> {
        #expect(guest.call(137, 0x42_1200, Self.information, 0, 8) == 40)
        #expect(guest.load(UInt64.self, at: Self.information + 24) == value)
      }
      check(guest.task.pointee.user.pointee.pendingSignals == 2)
    }
    let left = machine.kernel.initTask.pointee.user.pointee.pendingSignals
    #expect(left == 0)
  }

  /// An alarm ends a wait, and its timer goes on when the signal is taken.
  @Test func anAlarmRings() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.run { guest in
      SignalTests.setHandler(guest, 14, at: 0x5000)
      for (offset, value) in [0, 10_000, 0, 10_000].enumerated() as EnumeratedSequence<[UInt64]> {
        guest.store(value, at: 0x42_1300 + UInt64(offset) * 8)
      }
      #expect(guest.call(103, 0, 0x42_1300, 0) == 0)  // setitimer
      for _ in 0..<3 {
        guest.store(UInt64(0), at: 0x42_1200)
        guest.context.pointee.programCounter = 0x1234
        guest.call(133, 0x42_1200, 8)  // rt_sigsuspend
        #expect(guest.context.pointee.programCounter == 0x5000)
        let frame = guest.context.pointee.stackPointer
        #expect(guest.load(UInt64.self, at: frame) == 14)
        #expect(guest.load(UInt32.self, at: frame + 8) == 0x80)  // SI_KERNEL
        #expect(guest.load(Int64.self, at: frame + 312) == -4)
        guest.call(139)
      }
      for offset in 0..<4 as Range<UInt64> { guest.store(UInt64(0), at: 0x42_1300 + offset * 8) }
      #expect(guest.call(103, 0, 0x42_1300, 0x42_1400) == 0)
      #expect(guest.load(UInt64.self, at: 0x42_1408) == 10_000)
    }
  }

  /// A timer tells how often it expired while its signal waited; deleted, it leaves no place taken.
  @Test func aTimerCountsWhatItMissed() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.run { guest in
      block(guest, 1 << 39)
      guest.store(UInt64(77), at: 0x42_1300)
      guest.store(UInt64(40), at: 0x42_1308)  // SIGEV_SIGNAL
      #expect(guest.call(107, 1, 0x42_1300, 0x42_1380) == 0)
      let id = UInt64(guest.load(UInt32.self, at: 0x42_1380))
      for (offset, value) in [0, 1_000_000, 0, 1_000_000].enumerated()
        as EnumeratedSequence<[UInt64]>
      {
        guest.store(value, at: 0x42_1300 + UInt64(offset) * 8)
      }
      #expect(guest.call(110, id, 0, 0x42_1300, 0) == 0)
      guest.store(UInt64(0), at: 0x42_1200)
      guest.store(UInt64(10_500_000), at: 0x42_1208)
      #expect(guest.call(101, 0x42_1200, 0) == 0)  // nanosleep
      guest.store(UInt64(1) << 39, at: 0x42_1200)
      #expect(guest.call(137, 0x42_1200, Self.information, 0, 8) == 40)
      #expect(guest.load(UInt32.self, at: Self.information + 8) == UInt32(bitPattern: -2))
      #expect(guest.load(UInt64.self, at: Self.information + 24) == 77)
      let overruns = guest.load(UInt32.self, at: Self.information + 20)
      #expect(overruns >= 9 && overruns <= 10)
      #expect(guest.call(109, id) == Int64(overruns))
      check(guest.task.pointee.user.pointee.pendingSignals == 1)
      #expect(guest.call(111, id) == 0)
      check(guest.task.pointee.user.pointee.pendingSignals == 0)
    }
  }
}
