import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Asking which files are ready (fs/select.c).
extension SystemCall {
  /// ppoll(entries, count, timeout, mask, mask size).
  func poll() throws(Errno) -> UInt64 {
    let deadline = try deadline(at: address(2))
    try setWaitingMask(address(3), size: argument(4))
    return try finishWait(address(2), until: deadline) { () throws(Errno) in
      try pollEntries(until: deadline)
    }
  }

  private func pollEntries(until deadline: UInt64?) throws(Errno) -> UInt64 {
    let count = UInt64(word(1))
    guard count <= task.pointee.process.pointee.limits[.openFiles].soft else { throw .EINVAL }
    while true {
      var ready: UInt64 = 0
      for index in 0..<count {
        let entry = address(0) + ByteCount(index &* 8)
        // `struct pollfd`: the descriptor, what is asked, and room for the answer.
        let fields = try space.pointee.copyIn(UInt64.self, from: entry)
        let asked = Readiness(rawValue: UInt32(truncatingIfNeeded: fields &>> 32) & 0xffff)
        let events = readiness(Int32(truncatingIfNeeded: fields))
          .intersection(asked.union([.invalid, .hungUp, .failed]))
        if !events.isEmpty { ready &+= 1 }
        try space.pointee.copyOut(
          UInt16(truncatingIfNeeded: events.rawValue), to: entry + ByteCount(6))
      }
      if ready > 0 { return ready }
      guard try kernel.waitForAnything(until: deadline) else { return 0 }
    }
  }

  /// What a descriptor is ready for; negative ones are passed over.
  private func readiness(_ descriptor: Int32) -> Readiness {
    guard descriptor >= 0 else { return [] }
    do {
      let file = try files.pointee.file(UInt64(descriptor), in: table)
      guard !file.pointee.flags.contains(.path) else { return .invalid }
      return files.pointee.readiness(of: file)
    } catch { return .invalid }
  }

  /// pselect6(count, read, write, except, timeout, mask).
  ///
  /// The sixth argument points at the mask's address and size.
  func select() throws(Errno) -> UInt64 {
    var mask = InlineArray<2, UInt64>(repeating: 0)
    if argument(5) != 0 {
      mask = try space.pointee.copyIn(InlineArray<2, UInt64>.self, from: address(5))
    }
    let deadline = try deadline(at: address(4))
    try setWaitingMask(VirtualAddress(mask[0]), size: mask[1])
    return try finishWait(address(4), until: deadline) { () throws(Errno) in
      try selectSets(until: deadline)
    }
  }

  private func selectSets(until deadline: UInt64?) throws(Errno) -> UInt64 {
    guard int(0) >= 0 else { throw .EINVAL }
    let count = min(UInt64(word(0)), try UInt64(table.pointee.capacity))
    while true {
      // The sets are answered in place: only when the wait is over.
      let ready = try scan(count, answers: false)
      if ready > 0 { return try scan(count, answers: true) }
      guard try kernel.waitForAnything(until: deadline) else {
        return try scan(count, answers: true)
      }
    }
  }

  /// Counts what is ready in the three sets of select.
  private func scan(_ count: UInt64, answers: Bool) throws(Errno) -> UInt64 {
    var ready: UInt64 = 0
    for set in 1...3 where argument(set) != 0 {
      for word in 0..<(count &+ 63) / 64 {
        let place = address(set) + ByteCount(word &* 8)
        let asked = try space.pointee.copyIn(UInt64.self, from: place)
        var found: UInt64 = 0
        for bit in 0..<min(64, count &- word &* 64) where asked & (1 &<< bit) != 0 {
          let events = readiness(Int32(truncatingIfNeeded: word &* 64 &+ bit))
          guard !events.contains(.invalid) else { throw .EBADF }
          // POLLIN_SET, POLLOUT_SET, POLLEX_SET.
          let wanted: Readiness =
            switch set {
            case 1: [.input, .normalInput, .hungUp, .failed]
            case 2: [.output, .normalOutput, .failed]
            default: .urgent
            }
          if !events.isDisjoint(with: wanted) { found |= 1 &<< bit }
        }
        ready &+= UInt64(found.nonzeroBitCount)
        if answers { try space.pointee.copyOut(found, to: place) }
      }
    }
    return ready
  }

  /// The moment that a relative `timespec` names, in ticks; nil for a null pointer.
  func deadline(at place: VirtualAddress) throws(Errno) -> UInt64? {
    guard place.rawValue != 0 else { return nil }
    let interval = try interval(at: place)
    let clock = kernel.board.clock
    return clock.ticks &+ clock.ticks(inNanoseconds: interval)
  }

  /// The moment so many nanoseconds from now, in ticks.
  func deadline(in nanoseconds: UInt64) -> UInt64 {
    let clock = kernel.board.clock
    return clock.ticks &+ clock.ticks(inNanoseconds: nanoseconds)
  }

  /// The nanoseconds of a `timespec`; EINVAL for what is none.
  func interval(at place: VirtualAddress) throws(Errno) -> UInt64 {
    let seconds = try space.pointee.copyIn(Int64.self, from: place)
    let nanoseconds = try space.pointee.copyIn(Int64.self, from: place + ByteCount(8))
    guard seconds >= 0, nanoseconds >= 0, nanoseconds < 1_000_000_000 else { throw .EINVAL }
    // KTIME_MAX: some 292 years.
    let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow || product > UInt64(Int64.max) - 1_000_000_000
      ? UInt64(Int64.max) : product &+ UInt64(nanoseconds)
  }
}
