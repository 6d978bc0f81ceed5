import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// Signals: what a program asks for, and sending them (kernel/signal.c).
extension SystemCall {
  /// rt_sigaction(signal, new, old, set size).
  func signalAction() throws(Errno) -> UInt64 {
    guard argument(3) == 8 else { throw .EINVAL }
    let signal = Signal(rawValue: word(0))
    var new: SignalAction?
    if argument(1) != 0 { new = try space.pointee.copyIn(SignalAction.self, from: address(1)) }
    guard signal.isValid, new == nil || !signal.isUnblockable else { throw .EINVAL }
    let old = task.pointee.handlers.pointee[signal]
    if var new {
      new.mask.remove(.kill)
      new.mask.remove(.stop)
      task.pointee.handlers.pointee[signal] = new
    }
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

  func pendingSignals() throws(Errno) -> UInt64 {
    guard argument(1) <= 8 else { throw .EINVAL }
    try space.pointee.copyOut(
      (task.pointee.pending.rawValue | task.pointee.process.pointee.pending.rawValue)
        & task.pointee.blocked.rawValue, to: address(0))
    return 0
  }

  /// sigaltstack(new, old).
  func alternateStack() throws(Errno) -> UInt64 {
    let old = task.pointee.signalStack
    if argument(0) != 0 {
      var new = SignalStack()
      new.pointer = try space.pointee.copyIn(UInt64.self, from: address(0))
      new.flags = try space.pointee.copyIn(UInt32.self, from: address(0) + ByteCount(8))
      new.size = try space.pointee.copyIn(UInt64.self, from: address(0) + ByteCount(16))
      // SS_ONSTACK is taken for 0; SS_AUTODISARM is a flag.
      switch new.flags & 0x7fff_ffff {
      case 2: new = SignalStack()
      case 0, 1:
        guard new.size >= 5120 else { throw .ENOMEM }  // MINSIGSTKSZ
      default: throw .EINVAL
      }
      task.pointee.signalStack = new
    }
    if argument(1) != 0 {
      try space.pointee.copyOut(old.pointer, to: address(1))
      try space.pointee.copyOut(UInt64(old.flags), to: address(1) + ByteCount(8))
      try space.pointee.copyOut(old.size, to: address(1) + ByteCount(16))
    }
    return 0
  }

  /// kill(pid, signal).
  func kill() throws(Errno) -> UInt64 {
    let pid = int(0)
    let signal = Signal(rawValue: word(1))
    guard signal.rawValue <= Signal.count else { throw .EINVAL }
    if pid == -1 || pid == 0 {
      // -1 is everyone but process 1 and the caller; 0 is the caller's group, itself.
      if pid == 0 {
        if signal.isValid { kernel.send(signal, to: task.pointee.process) }
        return 0
      }
      guard kernel.sendToOthers(signal) else { throw .ESRCH }
      return 0
    }
    guard pid != .min, let target = kernel.process(abs(pid)) else { throw .ESRCH }
    if signal.isValid { kernel.send(signal, to: target) }
    return 0
  }

  /// tkill(thread, signal).
  func threadKill(thread: Int32, signal number: UInt32) throws(Errno) -> UInt64 {
    let signal = Signal(rawValue: number)
    guard thread > 0, number <= Signal.count else { throw .EINVAL }
    guard let target = kernel.task(thread) else { throw .ESRCH }
    if signal.isValid { kernel.send(signal, to: target, code: -6) }  // SI_TKILL
    return 0
  }

  /// tgkill(group, thread, signal).
  func threadGroupKill() throws(Errno) -> UInt64 {
    guard int(0) > 0, int(1) > 0, word(2) <= Signal.count else { throw .EINVAL }
    guard kernel.task(int(1))?.pointee.threadGroup == int(0) else { throw .ESRCH }
    return try threadKill(thread: int(1), signal: word(2))
  }

  /// rt_sigsuspend(mask, size): waits for a signal that the mask lets through.
  func suspend() throws(Errno) -> UInt64 {
    guard argument(1) == 8 else { throw .EINVAL }
    let mask = try space.pointee.copyIn(UInt64.self, from: address(0))
    kernel.waitForSignal(
      with: SignalSet(rawValue: mask & ~SignalSet.unblockable.rawValue))
    throw .EINTR
  }

  /// membarrier(command, …): MEMBARRIER_CMD_QUERY says that there is none.
  func memoryBarrier() throws(Errno) -> UInt64 {
    guard int(0) == 0 else { throw .EINVAL }
    return 0
  }
}
