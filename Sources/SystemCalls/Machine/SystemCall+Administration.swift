import AddressSpaces
import Arm64
import BoardFormat
import Files
import MemoryTypes
import Tasks

/// What administers a machine. This one's clock, swap, modules and power belong to the tool that
/// drives it: programs are refused as they are in a container, after Linux's own checks.
extension SystemCall {
  var isAdministrator: Bool {
    task.pointee.capabilities.has(Capabilities.administration)
  }

  /// settimeofday(time, zone) and clock_settime(clock, time).
  func setClock(_ timeIndex: Int) throws(Errno) -> UInt64 {
    if timeIndex == 1 {
      guard int(0) == 0 else { throw .EINVAL }
    } else if argument(0) == 0 {
      guard argument(1) != 0 else { return 0 }
      _ = try space.pointee.copyIn(UInt64.self, from: address(1))
      throw .EPERM
    }
    let seconds = try space.pointee.copyIn(Int64.self, from: address(timeIndex))
    let part = try space.pointee.copyIn(
      UInt64.self, from: address(timeIndex) + ByteCount(8))
    guard seconds >= 0, part < (timeIndex == 1 ? 1_000_000_000 : 1_000_000) else {
      throw .EINVAL
    }
    throw .EPERM
  }

  /// adjtimex(figures) and clock_adjtime(clock, figures): a clock that nothing disciplines.
  func adjustClock(_ index: Int) throws(Errno) -> UInt64 {
    if index == 1 {
      guard int(0) == 0 else { throw int(0) > 0 && int(0) < 12 ? .EOPNOTSUPP : .EINVAL }
    }
    let modes = try space.pointee.copyIn(UInt32.self, from: address(index))
    guard modes == 0 || modes == 0xa001 else { throw .EPERM }  // ADJ_OFFSET_SS_READ
    // `struct timex`: 26 words.
    var words = InlineArray<26, UInt64>(repeating: 0)
    words[0] = UInt64(modes)
    words[3] = 16_000_000  // the maximum error, and the estimated one
    words[4] = 16_000_000
    words[5] = 0x40  // STA_UNSYNC
    words[6] = 2
    words[7] = 1
    words[8] = 32_768_000
    let now =
      kernel.store.pointee.header.realtimeSeconds &* 1_000_000
      &+ kernel.board.clock.nanoseconds / 1000
    words[9] = now / 1_000_000
    words[10] = now % 1_000_000
    words[11] = 10_000
    for word in 0..<26 {
      try space.pointee.copyOut(words[word], to: address(index) + ByteCount(UInt64(word) &* 8))
    }
    return 5  // TIME_ERROR
  }

  /// syslog(type, buffer, length): the kernel's log goes to the tool, programs find it empty.
  func systemLog() throws(Errno) -> UInt64 {
    switch int(0) {
    case 0, 1, 5, 6, 7, 9: return 0
    case 2, 3, 4:
      guard argument(1) != 0, int(2) >= 0 else { throw .EINVAL }
      // SYSLOG_ACTION_READ waits for a line that never comes.
      guard int(0) != 2 || int(2) == 0 else { throw .EAGAIN }
      return 0
    case 8:
      guard 1...8 ~= int(2) else { throw .EINVAL }
      return 0
    case 10: return 1 << 17
    default: throw .EINVAL
    }
  }

  /// init_module(image, length, parameters), finit_module(descriptor, parameters, flags).
  func loadModule(isOpen: Bool) throws(Errno) -> UInt64 {
    guard isAdministrator else { throw .EPERM }
    if isOpen {
      guard word(2) & ~7 == 0 else { throw .EINVAL }
      _ = try file(0)
    }
    throw .ENOEXEC
  }

  /// delete_module(name, flags): there is none.
  func removeModule() throws(Errno) -> UInt64 {
    guard isAdministrator else { throw .EPERM }
    _ = try space.pointee.copyIn(UInt8.self, from: address(0))
    throw .ENOENT
  }

  /// swapon(path, flags) and swapoff(path): no file here can be swapped to.
  func changeSwap(isOn: Bool) throws(Errno) -> UInt64 {
    guard !isOn || word(1) & ~0x7_ffff == 0 else { throw .EINVAL }
    guard isAdministrator else { throw .EPERM }
    try withPath(0, mayBeEmpty: false) { (path) throws(Errno) in
      let dentry = try files.pointee.resolve(path, from: base(of: Self.currentFolderMark, path))
      defer { files.pointee.release(dentry) }
      guard !dentry.pointee.inode.pointee.isDirectory else { throw .EISDIR }
    }
    throw .EINVAL
  }

  /// reboot(magic, magic, command): the machine ends when its first program does.
  func restart() throws(Errno) -> UInt64 {
    let second: UInt32 = word(1)
    guard word(0) == 0xfee1_dead,
      second == 672_274_793 || second == 85_072_278 || second == 369_367_448
        || second == 537_993_216
    else { throw .EINVAL }
    switch word(2) {
    case 0, 0x89ab_cdef: return 0  // Ctrl-Alt-Del off and on
    case 0x0123_4567, 0xcdef_0123, 0x4321_fedc, 0xa1b2_c3d4: throw .EPERM
    default: throw .EINVAL
    }
  }

  /// vhangup: there is no terminal.
  func hangUp() throws(Errno) -> UInt64 {
    guard isAdministrator else { throw .EPERM }
    return 0
  }
}
