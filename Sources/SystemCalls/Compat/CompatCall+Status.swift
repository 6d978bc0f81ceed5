import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// What is known of files and file systems, in the layouts of 32-bit programs.
extension CompatCall {
  /// stat, lstat, fstat, their 64-bit forms, and fstatat64.
  func status(_ number: UInt32) throws(Errno) -> UInt64 {
    let place: UInt64
    switch number {
    case 108, 197:
      place = argument(1)
      _ = try call(80, argument(0), window(0))
    case 327:
      place = argument(2)
      _ = try call(79, argument(0), argument(1), window(0), argument(3))
    default:
      place = argument(1)
      // AT_SYMLINK_NOFOLLOW for lstat and lstat64.
      _ = try call(
        79, 0 &- 100, argument(0), window(0), number == 107 || number == 196 ? 0x100 : 0)
    }
    if number <= 108 { try storeShort(place) } else { try storeLong(place) }
    return 0
  }

  private func half(_ offset: Int) throws(Errno) -> UInt32 {
    UInt32(truncatingIfNeeded: try get(UInt64.self, at: offset))
  }

  /// `struct stat64` of Arm (fs/stat.c:cp_new_stat64()): 104 bytes.
  private func storeLong(_ place: UInt64) throws(Errno) {
    var words = InlineArray<26, UInt32>(repeating: 0)
    func set(_ index: Int, _ value: UInt64) {
      words[index] = UInt32(truncatingIfNeeded: value)
      words[index &+ 1] = UInt32(truncatingIfNeeded: value &>> 32)
    }
    set(0, try get(UInt64.self, at: 0))  // device
    words[3] = try half(8)  // inode, as far as it goes
    for index in 0..<4 {  // mode, links, user, group
      words[4 &+ index] = try get(UInt32.self, at: 16 &+ index &* 4)
    }
    set(8, try get(UInt64.self, at: 32))  // the device that it is
    set(12, try get(UInt64.self, at: 48))  // size
    words[14] = try get(UInt32.self, at: 56)  // block size
    set(16, try get(UInt64.self, at: 64))  // blocks
    for index in 0..<6 { words[18 &+ index] = try half(72 &+ index &* 8) }  // times
    set(24, try get(UInt64.self, at: 8))
    try store(words, place)
  }

  /// `struct compat_stat` (fs/stat.c:cp_compat_stat()): 64 bytes.
  private func storeShort(_ place: UInt64) throws(Errno) {
    let size = try get(UInt64.self, at: 48)
    guard size <= UInt64(Int32.max) else { throw .EOVERFLOW }
    let links = try get(UInt32.self, at: 20)
    guard links <= 0xffff else { throw .EOVERFLOW }
    var words = InlineArray<16, UInt32>(repeating: 0)
    words[0] = try half(0)
    words[1] = try half(8)
    words[2] = try get(UInt32.self, at: 16) & 0xffff | links &<< 16
    words[3] =
      UInt32(Self.short(try get(UInt32.self, at: 24)))
      | UInt32(Self.short(try get(UInt32.self, at: 28))) &<< 16
    words[4] = try half(32)
    words[5] = UInt32(truncatingIfNeeded: size)
    words[6] = try get(UInt32.self, at: 56)
    words[7] = try half(64)
    for index in 0..<6 { words[8 &+ index] = try half(72 &+ index &* 8) }
    try store(words, place)
  }

  /// statfs and fstatfs, and their 64-bit forms, whose second argument is the structure's size: 84,
  /// for which some say 88 (arch/arm64/kernel/sys32.c:compat_sys_aarch32_statfs64()).
  func mountFigures(_ number: UInt64, has64Bits: Bool) throws(Errno) -> UInt64 {
    if has64Bits, argument(1) != 84 && argument(1) != 88 { throw .EINVAL }
    _ = try call(number, argument(0), window(0))
    var words = InlineArray<21, UInt32>(repeating: 0)
    var count = 0
    func add(_ value: UInt32) {
      words[count] = value
      count &+= 1
    }
    add(try half(0))  // type
    add(try half(8))  // block size
    for index in 0..<5 {  // blocks: all, free, available; files: all, free
      let value = try get(UInt64.self, at: 16 &+ index &* 8)
      add(UInt32(truncatingIfNeeded: value))
      if has64Bits {
        add(UInt32(truncatingIfNeeded: value &>> 32))
      } else if value &>> 32 != 0 && value != .max {
        throw .EOVERFLOW
      }
    }
    add(try get(UInt32.self, at: 56))  // number of the file system
    add(try get(UInt32.self, at: 60))
    for offset in 0..<3 { add(try half(64 &+ offset &* 8)) }  // names, fragments, flags
    if has64Bits {
      try store(words, argument(2))
    } else {
      for index in 0..<16 {
        try store(index < count ? words[index] : 0, argument(1), UInt64(index) &* 4)
      }
    }
    return 0
  }
}
