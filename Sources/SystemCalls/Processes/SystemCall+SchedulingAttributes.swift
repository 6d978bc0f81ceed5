import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// `struct sched_attr`: all that a thread asks of the scheduler in one (kernel/sched/core.c).
extension SystemCall {
  private typealias Policy = SchedulingParameters.Policy

  /// sched_setattr(pid, attributes, flags).
  func setSchedulerAttributes() throws(Errno) -> UInt64 {
    guard argument(1) != 0, int(0) >= 0, word(2) == 0 else { throw .EINVAL }
    var size = try space.pointee.copyIn(UInt32.self, from: address(1))
    if size == 0 { size = 48 }
    if size >= 48, UInt64(size) <= kernel.board.pageSize.bytes.rawValue {
      // What a newer program says beyond these 56 bytes must be nothing.
      for offset in 56..<UInt64(max(size, 56)) {
        let byte = try space.pointee.copyIn(UInt8.self, from: address(1) + ByteCount(offset))
        if byte != 0 { size = 0 }
      }
    } else {
      size = 0
    }
    guard size != 0 else {
      try space.pointee.copyOut(UInt32(56), to: address(1))
      throw .E2BIG
    }
    func field<T: BitwiseCopyable>(_ type: T.Type, _ offset: UInt64) throws(Errno) -> T {
      try space.pointee.copyIn(type, from: address(1) + ByteCount(offset))
    }
    var policy = try field(UInt32.self, 4)
    let flags = try field(UInt64.self, 8)
    var nice = min(max(try field(Int32.self, 16), -20), 19)
    var priority = try field(UInt32.self, 20)
    // Clamps of utilisation (0x60) are not configured: uclamp_validate() says EOPNOTSUPP.
    guard flags & 0x60 == 0 || size >= 56 else { throw .EINVAL }
    guard policy <= 0x7fff_ffff else { throw .EINVAL }
    let target = try target(int(0))
    let old = target.pointee.scheduling
    var resets = flags & 1 != 0
    if flags & 8 != 0 {  // SCHED_FLAG_KEEP_POLICY
      policy = UInt32(old.policy.rawValue)
      resets = old.resetsOnFork
    }
    if flags & 16 != 0 {  // SCHED_FLAG_KEEP_PARAMS
      if old.policy.isRealtime { priority = UInt32(old.priority) } else { nice = Int32(old.nice) }
    }
    guard policy <= 6, let known = Policy(rawValue: UInt8(policy)), flags & ~0x7f == 0,
      priority <= 99, known == .deadline || known.isRealtime == (priority != 0)
    else { throw .EINVAL }
    guard !known.isFair || nice >= old.nice || mayHave(nice: Int8(nice), target) else {
      throw .EPERM
    }
    try checkRight(target, known, UInt8(priority), resets)
    guard flags & 0x60 == 0 else { throw .EOPNOTSUPP }
    // What a deadline promises cannot be kept: the answer where it does not fit (sched_dl_overflow()).
    guard known != .deadline else { throw .EBUSY }
    var new = old
    new.policy = known
    new.priority = UInt8(priority)
    if known.isFair { new.nice = Int8(nice) }
    new.resetsOnFork = resets
    kernel.setScheduling(of: target, to: new)
    return 0
  }

  /// sched_getattr(pid, attributes, size, flags).
  func schedulerAttributes() throws(Errno) -> UInt64 {
    guard argument(1) != 0, int(0) >= 0, word(2) >= 48,
      UInt64(word(2)) <= kernel.board.pageSize.bytes.rawValue, word(3) == 0
    else { throw .EINVAL }
    let scheduling = try target(int(0)).pointee.scheduling
    let size = min(word(2), 56)
    var words = InlineArray<7, UInt64>(repeating: 0)
    words[0] = UInt64(size) | UInt64(scheduling.policy.rawValue) << 32
    words[1] = scheduling.resetsOnFork ? 1 : 0
    words[2] =
      scheduling.policy.isRealtime
      ? UInt64(scheduling.priority) << 32
      : UInt64(UInt32(bitPattern: Int32(scheduling.nice)))
    for index in 0..<Int(size / 8) {
      try space.pointee.copyOut(words[index], to: address(1) + ByteCount(UInt64(index) &* 8))
    }
    if size & 7 != 0 {
      try space.pointee.copyOut(UInt32(0), to: address(1) + ByteCount(UInt64(size & ~7)))
    }
    return 0
  }
}
