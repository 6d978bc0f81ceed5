import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Waiting for files: poll and select (fs/select.c).
extension CompatCall {
  func waitForFiles(_ number: UInt32) throws(Errno) -> UInt64 {
    switch number {
    case 29: return try call(73, 0, 0, 0, 0, 8)  // pause
    case 168: return try poll()
    case 336, 414:  // ppoll
      let isLong = number == 414
      let limit = try time(2, at: 0, isLong: isLong)
      defer { if limit != 0 { try? storeTime(argument(2), from: 0, isLong: isLong) } }
      return try call(73, argument(0), argument(1), limit, argument(3), argument(4))
    case 441:  // epoll_pwait2
      return try call(
        441, argument(0), argument(1), argument(2), try time(3, at: 0, isLong: true),
        argument(4), argument(5))
    case 142: return try select(isLong: false, isOld: true)
    default: return try select(isLong: number == 413, isOld: false)
    }
  }

  /// poll, whose limit is in milliseconds, none if negative.
  private func poll() throws(Errno) -> UInt64 {
    guard int(2) >= 0 else { return try call(73, argument(0), argument(1), 0, 0, 8) }
    try put(argument(2) / 1000, at: 0)
    try put(argument(2) % 1000 &* 1_000_000, at: 8)
    return try call(73, argument(0), argument(1), window(0), 0, 8)
  }

  /// select and pselect6: three sets of 32-bit words, which lie in memory as 64-bit ones do, but
  /// may end between two of those; a limit, which is what is left afterwards; a mask by an address.
  private func select(isLong: Bool, isOld: Bool) throws(Errno) -> UInt64 {
    guard int(0) >= 0 else { throw .EINVAL }
    // At most as many as there can be descriptors; the window has room for 1,024 in each set, and
    // the program's limit cannot make them more without more descriptors in the table.
    let count = min(argument(0), 1024)
    let words = Int((count &+ 31) / 32)
    for set in 0..<3 where argument(1 &+ set) != 0 {
      try put(UInt64(0), at: set &* 128 &+ words / 2 &* 8 & 127)
      for index in 0..<words {
        try put(
          try load(UInt32.self, argument(1 &+ set), UInt64(index) &* 4),
          at: set &* 128 &+ index &* 4)
      }
    }
    var limit: UInt64 = 0
    if argument(4) != 0 {
      try putTime(argument(4), at: 384, isLong: isLong)
      if isOld {
        // poll_select_set_timeout(): microseconds may be more than a second's.
        let parts = try get(Int64.self, at: 392)
        let seconds = try get(Int64.self, at: 384)
        guard parts >= 0, seconds >= 0 else { throw .EINVAL }
        try put(seconds &+ parts / 1_000_000, at: 384)
        try put(parts % 1_000_000 &* 1000, at: 392)
      }
      limit = window(384)
    }
    var mask: UInt64 = 0
    if !isOld && argument(5) != 0 {
      try put(UInt64(try load(UInt32.self, argument(5))), at: 400)
      try put(UInt64(try load(UInt32.self, argument(5), 4)), at: 408)
      mask = window(400)
    }
    let result = try call(
      72, count, argument(1) == 0 ? 0 : window(0), argument(2) == 0 ? 0 : window(128),
      argument(3) == 0 ? 0 : window(256), limit, mask)
    for set in 0..<3 where argument(1 &+ set) != 0 {
      for index in 0..<words {
        try store(
          try get(UInt32.self, at: set &* 128 &+ index &* 4), argument(1 &+ set),
          UInt64(index) &* 4)
      }
    }
    if limit != 0 {
      if isOld { try put(try get(UInt64.self, at: 392) / 1000, at: 392) }
      try? storeTime(argument(4), from: 384, isLong: isLong)
    }
    return result
  }
}
