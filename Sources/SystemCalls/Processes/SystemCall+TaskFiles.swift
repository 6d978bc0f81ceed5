import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// timerfd, signalfd and pidfd (fs/timerfd.c, fs/signalfd.c, kernel/pid.c).
extension SystemCall {
  /// O_NONBLOCK and O_CLOEXEC, which are what the flags of all three are called by too.
  private var nonBlocking: UInt32 { 0o4000 }
  private var closeOnExec: UInt32 { 0o2_000_000 }

  private func openFlags(_ flags: UInt32) -> OpenFlags {
    flags & nonBlocking != 0 ? [.readWrite, .nonBlocking] : .readWrite
  }

  /// timerfd_create(clock, flags).
  func createTimerFile() throws(Errno) -> UInt64 {
    let flags = word(1)
    guard flags & ~(nonBlocking | closeOnExec) == 0 else { throw .EINVAL }
    let followsTimeOfDay: Bool
    switch int(0) {
    case 0, 8: followsTimeOfDay = true
    case 1, 7, 9: followsTimeOfDay = false
    default: throw .EINVAL
    }
    let file = try kernel.makeTimerFile(followsTimeOfDay: followsTimeOfDay, openFlags(flags))
    return try install(file, closeOnExec: flags & closeOnExec != 0)
  }

  private func timerFile(_ index: Int) throws(Errno) -> KernelPointer<TaskFile<B>> {
    guard let object = kernel.taskFile(try file(index), .timer) else { throw .EINVAL }
    return object
  }

  /// timerfd_settime(fd, flags, new, old).
  func setTimerFile() throws(Errno) -> UInt64 {
    let new = try timerSetting(at: address(2))
    // TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET.
    guard word(1) & ~3 == 0 else { throw .EINVAL }
    let old = kernel.set(try timerFile(0), new, isAbsolute: word(1) & 1 != 0)
    if argument(3) != 0 { try store(old, at: address(3)) }
    return 0
  }

  /// timerfd_gettime(fd, value).
  func timerFileTime() throws(Errno) -> UInt64 {
    try store(kernel.setting(of: try timerFile(0)), at: address(1))
    return 0
  }

  /// signalfd4(fd or -1, mask, size, flags).
  func createSignalFile() throws(Errno) -> UInt64 {
    guard argument(2) == 8 else { throw .EINVAL }
    let mask = try space.pointee.copyIn(UInt64.self, from: address(1))
    let flags = word(3)
    guard flags & ~(nonBlocking | closeOnExec) == 0 else { throw .EINVAL }
    let signals = SignalSet(rawValue: mask & ~SignalSet.unblockable.rawValue)
    if int(0) == -1 {
      let file = try kernel.makeSignalFile(signals, openFlags(flags))
      return try install(file, closeOnExec: flags & closeOnExec != 0)
    }
    guard let object = kernel.taskFile(try file(0), .signals) else { throw .EINVAL }
    kernel.setSignals(signals, of: object)
    return UInt64(word(0))
  }

  /// pidfd_open(pid, flags): a process by its leader.
  func openProcess() throws(Errno) -> UInt64 {
    guard word(1) & ~nonBlocking == 0, int(0) > 0 else { throw .EINVAL }
    guard let number = kernel.number(int(0)) else { throw .ESRCH }
    guard number.pointee.process != nil else { throw .EINVAL }
    let file = try kernel.makeProcessFile(number, openFlags(word(1)))
    return try install(file, closeOnExec: true)
  }

  /// The number that a pidfd is about; EBADF for any other file.
  func processFile(_ index: Int) throws(Errno) -> KernelPointer<PID<B>> {
    guard let number = kernel.taskFile(try file(index), .process)?.pointee.number else {
      throw .EBADF
    }
    return number
  }

  /// pidfd_send_signal(fd, signal, information, flags).
  func signalProcess() throws(Errno) -> UInt64 {
    guard word(3) == 0 else { throw .EINVAL }
    let number = try processFile(0)
    let signal = Signal(rawValue: word(1))
    var info = kernel.senderInfo(signal, code: SignalCode.user)
    if argument(2) != 0 {
      info = try loadInfo(at: address(2), signal: nil)
      guard info.signal == signal else { throw .EINVAL }
      guard !info.claimsKernel || number == task.pointee.number else { throw .EPERM }
    }
    guard let target = number.pointee.task else { throw .ESRCH }
    guard signal.rawValue <= Signal.count else { throw .EINVAL }
    try kernel.sendAsUser(info, to: target, shared: true)
    return 0
  }

  /// pidfd_getfd(pidfd, fd, flags): a copy of another process's descriptor.
  func copyDescriptor() throws(Errno) -> UInt64 {
    guard word(2) == 0 else { throw .EINVAL }
    guard let target = try processFile(0).pointee.task else { throw .ESRCH }
    // ptrace_may_access(): whoever could trace it.
    let mine = task.pointee.credentials
    let theirs = target.pointee.credentials
    guard
      target.pointee.process == task.pointee.process || mine.effectiveUser == 0
        || mine.user == theirs.user && mine.user == theirs.effectiveUser
          && mine.user == theirs.savedUser
    else { throw .EPERM }
    guard let theirTable = target.pointee.files else { throw .ESRCH }
    let file = try files.pointee.file(UInt64(word(1)), in: theirTable)
    files.pointee.retain(file)
    return try install(file, closeOnExec: true)
  }
}
