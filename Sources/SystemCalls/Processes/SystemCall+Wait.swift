import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Waiting for children (kernel/exit.c).
extension SystemCall {
  /// wait4(pid, status, options, usage).
  func wait() throws(Errno) -> UInt64 {
    let options = WaitOptions(rawValue: word(2))
    guard options.isSubset(of: [.noHang, .stopped, .continued, .noThread, .clone, .all]) else {
      throw .EINVAL
    }
    let pid = int(0)
    guard pid != .min else { throw .ESRCH }
    let target: WaitTarget<B> =
      switch pid {
      case -1: .any
      case 0: .group(task.pointee.process.pointee.group)
      case 1...: .child(kernel.number(pid))
      default: .group(kernel.number(0 &- pid))
      }
    guard let found = try kernel.wait(target, options.union(.exited)) else { return 0 }
    if argument(1) != 0 { try space.pointee.copyOut(found.waitStatus, to: address(1)) }
    if argument(3) != 0 { try store(found.usage, at: address(3)) }
    return UInt64(UInt32(bitPattern: found.pid))
  }

  private func store(_ usage: UsageCounts, at place: VirtualAddress) throws(Errno) {
    try space.pointee.copyOut(ResourceUsage(usage, kernel.board.pageSize), to: place)
  }

  /// waitid(kind, number, information, options, usage).
  ///
  /// Without a child, for whatever reason, the information is zeros.
  func waitInformation() throws(Errno) -> UInt64 {
    var failure: Errno?
    var found: WaitResult?
    do throws(Errno) {
      found = try waitForChild()
    } catch { failure = error }
    if let found, argument(4) != 0 { try store(found.usage, at: address(4)) }
    if argument(2) != 0 {
      var words = InlineArray<3, UInt64>(repeating: 0)
      if let found {
        words[0] = UInt64(Signal.child.rawValue)
        words[1] = UInt64(UInt32(bitPattern: found.code))
        words[2] = UInt64(UInt32(bitPattern: found.pid)) | UInt64(found.user) &<< 32
      }
      // The four bytes between code and process are not the kernel's.
      try space.pointee.copyOut(words[0], to: address(2))
      try space.pointee.copyOut(UInt32(words[1]), to: address(2) + ByteCount(8))
      try space.pointee.copyOut(words[2], to: address(2) + ByteCount(16))
      try space.pointee.copyOut(found?.status ?? 0, to: address(2) + ByteCount(24))
    }
    if let failure { throw failure }
    return 0
  }

  /// What waitid finds (kernel_waitid()).
  private func waitForChild() throws(Errno) -> WaitResult? {
    let options = WaitOptions(rawValue: word(3))
    let events: WaitOptions = [.exited, .stopped, .continued]
    guard
      options.isSubset(of: events.union([.noHang, .noWait, .noThread, .clone, .all])),
      !options.isDisjoint(with: events)
    else { throw .EINVAL }
    return try kernel.wait(waitTarget(), options)
  }

  /// Whom waitid means (kernel_waitid()).
  private func waitTarget() throws(Errno) -> WaitTarget<B> {
    let number = int(1)
    switch int(0) {
    case 0: return .any
    case 1:
      guard number > 0 else { throw .EINVAL }
      return .child(kernel.number(number))
    case 2:
      guard number >= 0 else { throw .EINVAL }
      return .group(number == 0 ? task.pointee.process.pointee.group : kernel.number(number))
    case 3:
      guard number >= 0 else { throw .EINVAL }
      return .child(try processFile(1))
    default: throw .EINVAL
    }
  }
}
