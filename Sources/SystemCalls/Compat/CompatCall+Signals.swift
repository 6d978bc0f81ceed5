import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Signals: actions, masks of one word, what is told with a signal (kernel/signal.c).
extension CompatCall {
  func signals(_ number: UInt32) throws(Errno) -> UInt64 {
    switch number {
    case 67: return try action(isOld: true)
    case 174: return try action(isOld: false)
    case 72:  // sigsuspend(…, …, mask)
      try put(UInt64(argument(2)), at: 0)
      return try call(133, window(0), 8)
    case 73:  // sigpending
      _ = try call(136, window(0), 8)
      try store(try get(UInt32.self, at: 0), argument(0))
      return 0
    case 126: return try mask()
    case 177, 421: return try waitForSignal(isLong: number == 421)
    case 178:  // rt_sigqueueinfo
      try putInformation(argument(2), at: 0)
      return try call(138, signed(0), argument(1), window(0))
    case 363:  // rt_tgsigqueueinfo
      try putInformation(argument(3), at: 0)
      return try call(240, signed(0), signed(1), argument(2), window(0))
    default: return try alternateStack()
    }
  }

  /// sigaction and rt_sigaction: handler, flags, restorer, mask; the old one has a mask of one word
  /// in the second place.
  private func action(isOld: Bool) throws(Errno) -> UInt64 {
    if !isOld && argument(3) != 8 { throw .EINVAL }
    let new = argument(1)
    if new != 0 {
      try put(UInt64(try load(UInt32.self, new)), at: 0)
      try put(UInt64(try load(UInt32.self, new, isOld ? 8 : 4)), at: 8)
      try put(UInt64(try load(UInt32.self, new, isOld ? 12 : 8)), at: 16)
      try put(
        isOld ? UInt64(try load(UInt32.self, new, 4)) : try load(UInt64.self, new, 12), at: 24)
    }
    let old = argument(2)
    let result = try call(
      134, argument(0), new == 0 ? 0 : window(0), old == 0 ? 0 : window(32), 8)
    if old != 0 {
      try store(try half(at: 32), old)
      try store(try half(at: 40), old, isOld ? 8 : 4)
      try store(try half(at: 48), old, isOld ? 12 : 8)
      if isOld {
        try store(try half(at: 56), old, 4)
      } else {
        try store(try get(UInt64.self, at: 56), old, 12)
      }
    }
    return result
  }

  private func half(at offset: Int) throws(Errno) -> UInt32 {
    UInt32(truncatingIfNeeded: try get(UInt64.self, at: offset))
  }

  /// sigprocmask: the signals up to 32; the others stay as they are when the mask is set.
  private func mask() throws(Errno) -> UInt64 {
    _ = try call(135, 0, 0, window(8), 8)
    let old = try get(UInt64.self, at: 8)
    if argument(1) != 0 {
      var new = UInt64(try load(UInt32.self, argument(1)))
      guard word(0) <= 2 else { throw .EINVAL }
      if word(0) == 2 { new |= old & ~0xffff_ffff }
      try put(new, at: 0)
      _ = try call(135, argument(0), window(0), 0, 8)
    }
    if argument(2) != 0 { try store(UInt32(truncatingIfNeeded: old), argument(2)) }
    return 0
  }

  /// rt_sigtimedwait(set, information, limit, size).
  private func waitForSignal(isLong: Bool) throws(Errno) -> UInt64 {
    let limit = try time(2, at: 128, isLong: isLong)
    let result = try call(
      137, argument(0), argument(1) == 0 ? 0 : window(0), limit, argument(3))
    if argument(1) != 0 {
      try store(
        CompatSignalInformation(try get(SignalInfo.self, at: 0)).words, argument(1))
    }
    return result
  }

  /// A program's own `siginfo` (post_copy_siginfo_from_user32()): pid, uid and value, or whatever
  /// its code says.
  private func putInformation(_ place: UInt64, at offset: Int) throws(Errno) {
    try space.pointee.clearOut(VirtualAddress(window(offset)), 128)
    for index in 0..<3 {
      try put(try load(UInt32.self, place, UInt64(index) &* 4), at: offset &+ index &* 4)
    }
    try put(try load(UInt32.self, place, 12), at: offset &+ 16)
    try put(try load(UInt32.self, place, 16), at: offset &+ 20)
    try put(UInt64(try load(UInt32.self, place, 20)), at: offset &+ 24)
  }

  /// sigaltstack: address, flags, size.
  private func alternateStack() throws(Errno) -> UInt64 {
    let new = argument(0)
    if new != 0 {
      try put(UInt64(try load(UInt32.self, new)), at: 0)
      try put(UInt64(try load(UInt32.self, new, 4)), at: 8)
      try put(UInt64(try load(UInt32.self, new, 8)), at: 16)
    }
    let old = argument(1)
    let result = try call(132, new == 0 ? 0 : window(0), old == 0 ? 0 : window(24))
    if old != 0 {
      for index in 0..<3 {
        try store(
          UInt32(truncatingIfNeeded: try get(UInt64.self, at: 24 &+ index &* 8)), old,
          UInt64(index) &* 4)
      }
    }
    return result
  }
}
