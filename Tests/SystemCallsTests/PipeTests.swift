import BoardFormat
import MemoryTypes
import Tasks
import Testing

@Suite struct PipeTests {
  /// A child writes more than a pipe holds, a byte pattern that the parent checks.
  @Test func carriesBytesBetweenProcesses() {
    let machine = GuestMachine()
    defer { machine.end() }
    let total: UInt64 = 200_000
    machine.programs[0x1000] = { guest in
      guest.call(57, 3)
      let place = guest.memory(1 << 18)
      for index in 0..<total / 8 { guest.store(index &* 0x9e37_79b9, at: place + index * 8) }
      #expect(guest.call(64, 4, place, total) == Int64(total))
    }
    var correct: UInt64 = 0
    var end: Int64 = -1
    machine.run { guest in
      let place = guest.memory(1 << 16)
      #expect(guest.call(59, place, 0) == 0)
      #expect(guest.load(UInt64.self, at: place) == 4 << 32 | 3)
      _ = guest.fork(childAt: 0x1000)
      guest.call(57, 4)
      var read: UInt64 = 0
      while true {
        let count = guest.call(63, 3, place, 4096)
        if count <= 0 {
          end = count
          break
        }
        for offset in stride(from: 0, to: UInt64(count), by: 8) {
          let word = guest.load(UInt64.self, at: place + offset)
          if word == ((read + offset) / 8) &* 0x9e37_79b9 { correct += 8 }
        }
        read += UInt64(count)
      }
    }
    #expect(correct == total)
    #expect(end == 0)
  }

  @Test func aWriterWithoutReadersIsKilled() {
    let machine = GuestMachine()
    defer { machine.end() }
    let end = machine.run { guest in
      let place = guest.memory(4096)
      guest.call(59, place, 0)
      guest.call(57, 3)
      guest.call(64, 4, place, 1)
    }
    #expect(end.reason == .signalled && end.status == 13)
  }

  @Test func nonBlockingEndsAnswerAtOnce() {
    let machine = GuestMachine()
    defer { machine.end() }
    var results: [Int64] = []
    machine.run { guest in
      let place = guest.memory(1 << 17)
      guest.call(59, place, 0o4000)
      results.append(guest.call(63, 3, place, 1))
      results.append(guest.call(64, 4, place, 70_000))
      results.append(guest.call(64, 4, place, 1))
      results.append(guest.call(63, 3, place, 4000))
      results.append(guest.call(64, 4, place, 4096))
      results.append(guest.call(62, 3, 0, 0))
      // ppoll: one end readable, the other not writable.
      guest.store(UInt64(1) << 32 | 3, at: place)
      guest.store(UInt64(4) << 32 | 4, at: place + 8)
      results.append(guest.call(73, place, 2, 0))
    }
    #expect(results == [-11, 65536, -11, 4000, -11, -29, 1])
  }

  /// Everyone waits for everyone: the machine ends them all rather than stand still.
  @Test func waitingForNobodyEnds() {
    let machine = GuestMachine()
    defer { machine.end() }
    let end = machine.run { guest in
      let place = guest.memory(4096)
      guest.call(59, place, 0)
      guest.call(63, 3, place, 1)
    }
    #expect(end.reason == .signalled && end.status == 9)
  }
}
