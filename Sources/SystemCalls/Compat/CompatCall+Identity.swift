import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Calls from when users and groups had 16 bits (kernel/uid16.c).
extension CompatCall {
  /// A number as 16 bits show it: 65534 for one that does not fit (high2lowuid()).
  static func short(_ number: UInt32) -> UInt16 {
    number > 0xffff ? 65534 : UInt16(truncatingIfNeeded: number)
  }

  /// An argument of 16 bits, whose greatest value means -1 (low2highuid()).
  private func id(_ index: Int) -> UInt64 {
    let low = argument(index) & 0xffff
    return low == 0xffff ? 0xffff_ffff : low
  }

  private func shortened(_ number: UInt64) throws(Errno) -> UInt64 {
    UInt64(Self.short(UInt32(truncatingIfNeeded: try call(number))))
  }

  func shortIdentity(_ number: UInt32) throws(Errno) -> UInt64 {
    switch number {
    case 16: return try call(54, 0 &- 100, argument(0), id(1), id(2), 0x100)  // lchown
    case 182: return try call(54, 0 &- 100, argument(0), id(1), id(2), 0)  // chown
    case 95: return try call(55, argument(0), id(1), id(2))  // fchown
    case 23: return try call(146, id(0))  // setuid
    case 46: return try call(144, id(0))  // setgid
    case 24: return try shortened(174)  // getuid
    case 47: return try shortened(176)  // getgid
    case 49: return try shortened(175)  // geteuid
    case 50: return try shortened(177)  // getegid
    case 70: return try call(145, id(0), id(1))  // setreuid
    case 71: return try call(143, id(0), id(1))  // setregid
    case 138: return try call(151, id(0))  // setfsuid
    case 139: return try call(152, id(0))  // setfsgid
    case 164: return try call(147, id(0), id(1), id(2))  // setresuid
    case 170: return try call(149, id(0), id(1), id(2))  // setresgid
    case 165, 171:  // getresuid, getresgid
      _ = try call(number == 165 ? 148 : 150, window(0), window(4), window(8))
      for index in 0..<3 {
        try store(Self.short(try get(UInt32.self, at: index &* 4)), argument(index))
      }
      return 0
    case 80:  // getgroups
      guard argument(0) != 0 else { return try call(158, 0, 0) }
      let count = try call(158, min(argument(0), 256), window(0))
      for index in 0..<Int(count) {
        try store(
          Self.short(try get(UInt32.self, at: index &* 4)), argument(1), UInt64(index) &* 2)
      }
      return count
    default:  // 81, setgroups
      guard argument(0) <= 256 else { throw .EINVAL }
      for index in 0..<Int(argument(0)) {
        let low = try load(UInt16.self, argument(1), UInt64(index) &* 2)
        try put(low == 0xffff ? UInt32.max : UInt32(low), at: index &* 4)
      }
      return try call(159, argument(0), window(0))
    }
  }
}
