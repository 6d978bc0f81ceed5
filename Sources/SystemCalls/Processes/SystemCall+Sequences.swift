import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// rseq and futex_waitv.
extension SystemCall {
  /// rseq(area, length, flags, signature).
  func registerSequences() throws(Errno) -> UInt64 {
    try kernel.registerSequences(argument(0), length: word(1), flags: word(2), signature: word(3))
    return 0
  }

  /// futex_waitv(conditions, count, flags, moment, clock).
  @inline(never)
  func waitAtFutexes() throws(Errno) -> UInt64 {
    guard word(2) == 0, word(1) != 0, word(1) <= KernelState<B>.maximumConditions,
      argument(0) != 0
    else { throw .EINVAL }
    var moment: UInt64?
    if argument(3) != 0 {
      guard int(4) == 0 || int(4) == 1 else { throw .EINVAL }
      moment = try futexMoment(isAbsolute: true, isRealtime: int(4) == 0)
    }
    let woken = try kernel.wait(atAny: Int(word(1)), until: moment) {
      (index) throws(Errno) in try condition(index)
    }
    return UInt64(woken)
  }

  /// One `struct futex_waitv` (futex_parse_waitv()).
  private func condition(_ index: Int) throws(Errno) -> FutexCondition {
    let place = address(0) + ByteCount(UInt64(index) &* 24)
    let words = try space.pointee.copyIn(InlineArray<3, UInt64>.self, from: place)
    let flags = UInt32(truncatingIfNeeded: words[2])
    // FUTEX_32 always; FUTEX_PRIVATE_FLAG at will; the reserved upper half zero.
    guard words[2] &>> 32 == 0, flags & ~0x82 == 0, flags & 2 != 0 else { throw .EINVAL }
    return FutexCondition(
      FutexWord(words[1], isShared: flags & 0x80 == 0),
      value: UInt32(truncatingIfNeeded: words[0]))
  }
}
