import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes
import PageFrames
import Testing

@testable import Tasks

/// The memory of a victim of the out-of-memory rule is taken two seconds later, if it still lives.
@Suite struct ReaperTests {
  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB])
  func aVictimThatLivesOnLosesItsPages(size: PageSize) {
    let machine = GuestMachine(size)
    defer { machine.end() }
    let kernel = machine.kernel
    let end = machine.run { guest in
      let page = size.bytes.rawValue
      let place = guest.memory(8 * page)
      for index in 0..<8 { guest.touch(place + UInt64(index) * page, write: true) }
      guard let space = kernel.current.pointee.memory.space else { return }
      space.pointee.outOfMemory = .victim
      kernel.queueReaper(kernel.current.pointee.process, space)
      // It sleeps for a second, and two more.
      for (seconds, state) in [(Int64(1), OutOfMemoryState.victim), (2, .reaped)] {
        guest.store(seconds, at: place)
        guest.store(Int64(0), at: place + 8)
        #expect(guest.call(101, place, 0) == 0)
        #expect(space.pointee.outOfMemory == state)
      }
      space.pointee.synchronizeResident()
      #expect(space.pointee.residentPages(.anonymous) == PageCount(0))
      guest.call(94, 5)
    }
    #expect(end.status == 5)
    kernel.frames.pointee.checkInvariants()
  }
}
