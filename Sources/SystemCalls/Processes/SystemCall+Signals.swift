import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Signals: what a program asks for (kernel/signal.c).
extension SystemCall {
  /// rt_sigaction(signal, new, old, set size).
  func signalAction() throws(Errno) -> UInt64 {
    guard argument(3) == 8 else { throw .EINVAL }
    let signal = Signal(rawValue: word(0))
    var new: SignalAction?
    if argument(1) != 0 { new = try space.pointee.copyIn(SignalAction.self, from: address(1)) }
    guard signal.isValid, new == nil || !signal.isUnblockable else { throw .EINVAL }
    let old = task.pointee.handlers.pointee[signal]
    if let new { kernel.setAction(new, of: signal) }
    if argument(2) != 0 { try space.pointee.copyOut(old, to: address(2)) }
    return 0
  }

  /// rt_sigprocmask(how, new, old, set size).
  func signalMask() throws(Errno) -> UInt64 {
    guard argument(3) == 8 else { throw .EINVAL }
    let old = task.pointee.blocked
    if argument(1) != 0 {
      let set = try space.pointee.copyIn(UInt64.self, from: address(1))
      var mask = old.rawValue
      switch int(0) {
      case 0: mask |= set
      case 1: mask &= ~set
      case 2: mask = set
      default: throw .EINVAL
      }
      kernel.setBlocked(SignalSet(rawValue: mask & ~SignalSet.unblockable.rawValue))
    }
    if argument(2) != 0 { try space.pointee.copyOut(old.rawValue, to: address(2)) }
    return 0
  }

  /// rt_sigpending(set, set size): the size may be smaller.
  func pendingSignals() throws(Errno) -> UInt64 {
    guard argument(1) <= 8 else { throw .EINVAL }
    let pending =
      task.pointee.pending.set.rawValue | task.pointee.process.pointee.pending.set.rawValue
    let shown = pending & task.pointee.blocked.rawValue
    if argument(1) == 8 {
      try space.pointee.copyOut(shown, to: address(0))
    } else {
      for index in 0..<argument(1) {
        try space.pointee.copyOut(
          UInt8(truncatingIfNeeded: shown &>> (index &* 8)), to: address(0) + ByteCount(index))
      }
    }
    return 0
  }

  /// sigaltstack(new, old).
  func alternateStack() throws(Errno) -> UInt64 {
    let old = task.pointee.signalStack
    let pointer = task.pointee.context.pointee.anyStackPointer
    if argument(0) != 0 {
      let words = try space.pointee.copyIn(InlineArray<3, UInt64>.self, from: address(0))
      try kernel.setSignalStack(
        SignalStack(
          pointer: words[0], flags: UInt32(truncatingIfNeeded: words[1]), size: words[2]))
    }
    if argument(1) != 0 {
      let words: InlineArray<3, UInt64> = [
        old.pointer, UInt64(old.shownFlags(at: pointer)), old.size,
      ]
      try space.pointee.copyOut(words, to: address(1))
    }
    return 0
  }

  /// rt_sigsuspend(mask, size): waits for a signal that the mask lets through.
  func suspend() throws(Errno) -> UInt64 {
    guard argument(1) == 8 else { throw .EINVAL }
    let mask = try space.pointee.copyIn(UInt64.self, from: address(0))
    kernel.waitForSignal(
      with: SignalSet(rawValue: mask & ~SignalSet.unblockable.rawValue))
    throw .ERESTARTNOHAND
  }

  /// rt_sigtimedwait(set, information, timeout, set size).
  func waitForSignals() throws(Errno) -> UInt64 {
    guard argument(3) == 8 else { throw .EINVAL }
    let wanted = try space.pointee.copyIn(UInt64.self, from: address(0))
    let deadline = try deadline(at: address(2))
    var waits = true
    if argument(2) != 0 { waits = try interval(at: address(2)) > 0 }
    let info = try kernel.waitForSignal(
      of: SignalSet(rawValue: wanted), until: deadline, waits: waits)
    if argument(1) != 0 { try store(info, at: address(1)) }
    return UInt64(UInt32(bitPattern: info.number))
  }

  /// Writes a whole `siginfo_t` (copy_siginfo_to_user()).
  func store(_ info: SignalInfo, at place: VirtualAddress) throws(Errno) {
    try space.pointee.copyOut(info, to: place)
    try space.pointee.clearOut(place + ByteCount(48), 80)
  }

  /// restart_syscall: goes on with what a stop interrupted.
  func restartCall() throws(Errno) -> UInt64 {
    switch task.pointee.restart.kind {
    case .sleep: return try restartSleep()
    case .executionSleep: return try restartExecutionSleep()
    case .futex:
      try wait(task.pointee.restart)
      return 0
    case .none: throw .EINTR
    }
  }
}
