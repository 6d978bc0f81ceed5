import AddressSpaces
import MemoryTypes
import Tasks
import Testing

@Suite struct IdentityTests {
  /// Calls, and what they answer, as user 0 and after it was given up.
  @Test func isGivenUpOnce() {
    let machine = GuestMachine()
    defer { machine.end() }
    machine.run { guest in
      let keep = UInt64(UInt32.max)
      #expect(guest.call(149, 1000, 1000, 1000) == 0)
      #expect(guest.call(176) == 1000)
      #expect(guest.call(147, keep, 1000, keep) == 0)
      check(!guest.task.pointee.memory.isPrivileged)
      #expect(guest.call(175) == 1000)
      // Back through the saved user, then for ever.
      #expect(guest.call(146, 0) == 0)
      check(guest.task.pointee.memory.isPrivileged)
      #expect(guest.call(146, 7) == 0)
      #expect(guest.call(174) == 7)
      #expect(guest.call(146, 0) == -1)
      #expect(guest.call(145, keep, 0) == -1)
      #expect(guest.call(147, 7, 7, 0) == -1)
      #expect(guest.call(145, 7, 7) == 0)
      #expect(guest.call(159, 0, 0) == -1)
    }
  }
}
