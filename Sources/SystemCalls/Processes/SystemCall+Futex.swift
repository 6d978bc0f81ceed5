import AddressSpaces
import Arm64
import BoardFormat
import MemoryTypes
import Tasks

/// futex and the calls around it (kernel/futex/syscalls.c).
extension SystemCall {
  /// futex(word, operation, value, timeout or second value, second word, third value).
  @inline(never)
  func futex() throws(Errno) -> UInt64 {
    let flags = word(1)
    let operation = flags & ~0x180  // FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME
    let isRealtime = flags & 0x100 != 0
    let first = FutexWord(argument(0), isShared: flags & 0x80 == 0)
    switch operation {
    case 0, 9:  // FUTEX_WAIT, FUTEX_WAIT_BITSET
      var moment: UInt64?
      if argument(3) != 0 {
        moment = try futexMoment(isAbsolute: operation == 9, isRealtime: isRealtime)
      }
      guard !isRealtime || operation == 9 else { throw .ENOSYS }
      var block = RestartBlock(.futex, until: moment ?? .max, address: argument(0))
      block.value = word(2)
      block.bits = operation == 9 ? word(5) : .max
      block.flags = flags
      try wait(block)
      return 0
    case 1, 10:  // FUTEX_WAKE, FUTEX_WAKE_BITSET
      guard !isRealtime else { throw .ENOSYS }
      return UInt64(
        try kernel.wake(at: first, count: int(2), bits: operation == 10 ? word(5) : .max))
    case 3, 4:  // FUTEX_REQUEUE, FUTEX_CMP_REQUEUE
      guard !isRealtime else { throw .ENOSYS }
      return UInt64(
        try kernel.requeue(
          from: first, to: FutexWord(argument(4), isShared: first.isShared), wake: int(2),
          move: int(3), ifHolding: operation == 4 ? word(5) : nil))
    case 5:  // FUTEX_WAKE_OP
      guard !isRealtime else { throw .ENOSYS }
      return UInt64(
        try kernel.wake(
          at: first, count: int(2), and: FutexWord(argument(4), isShared: first.isShared),
          count: int(3), by: FutexOperation(word(5))))
    default:
      // Priority inheritance among them: its users fall back on what they have else.
      throw .ENOSYS
    }
  }

  /// Waits; one until a moment that a signal interrupts can only go on by restart_syscall, as its
  /// time counts from its beginning (futex_wait()).
  func wait(_ block: RestartBlock) throws(Errno) {
    do throws(Errno) {
      try kernel.wait(
        at: FutexWord(block.address, isShared: block.flags & 0x80 == 0), holding: block.value,
        until: block.deadline == .max ? nil : block.deadline, bits: block.bits)
    } catch {
      guard error == .ERESTARTSYS, block.deadline != .max else { throw error }
      task.pointee.restart = block
      throw .ERESTART_RESTARTBLOCK
    }
  }

  /// When a wait ends (futex_init_timeout()): FUTEX_WAIT counts from now, the others name the
  /// moment on one of two clocks.
  func futexMoment(isAbsolute: Bool, isRealtime: Bool) throws(Errno) -> UInt64 {
    var nanoseconds = try interval(at: address(3))
    let clock = kernel.board.clock
    guard isAbsolute else { return clock.ticks &+ clock.ticks(inNanoseconds: nanoseconds) }
    if isRealtime {
      let base = realtimeOffset
      nanoseconds = nanoseconds > base ? nanoseconds &- base : 0
    }
    return clock.ticks(inNanoseconds: nanoseconds)
  }

  /// set_robust_list(head, length).
  func setRobustList() throws(Errno) -> UInt64 {
    guard argument(1) == 24 else { throw .EINVAL }
    task.pointee.robustList = argument(0)
    return 0
  }

  /// get_robust_list(thread, head, length): one's own, or anyone's for whoever might trace it.
  func getRobustList() throws(Errno) -> UInt64 {
    var target = task
    if int(0) != 0 {
      guard let found = kernel.task(int(0)) else { throw .ESRCH }
      target = found
    }
    guard task.pointee.mayInspect(target) else { throw .EPERM }
    try space.pointee.copyOut(UInt64(24), to: address(2))
    try space.pointee.copyOut(target.pointee.robustList, to: address(1))
    return 0
  }

  /// set_tid_address(place): where a zero is stored when the thread ends.
  func setClearOnExit() -> UInt64 {
    task.pointee.clearOnExit = argument(0)
    return UInt64(UInt32(bitPattern: task.pointee.pid))
  }
}
