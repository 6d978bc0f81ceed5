import Arm64
import MemoryTypes

/// What a process does with its signals (kernel/signal.c:do_sigaction()).
extension KernelState {
  /// Sets an action; a signal that it makes meaningless is forgotten where it is pending.
  public func setAction(_ new: SignalAction, of signal: Signal) {
    let task = current
    var action = new
    action.flags &= SignalActionFlags.known
    action.mask = SignalSet(rawValue: action.mask.rawValue & ~SignalSet.unblockable.rawValue)
    task.pointee.handlers.pointee[signal] = action
    let isIgnored =
      action.handler == SignalAction.ignored
      || action.handler == SignalAction.byDefault && signal.defaultAction == .ignore
    guard isIgnored else { return }
    let process = task.pointee.process
    let one = SignalSet(rawValue: 1 &<< UInt64(signal.rawValue &- 1))
    flush(one, of: process)
    forEachThread(of: process) { flush(one, of: $0) }
  }

  /// Tells the current thread that it wrote where nobody reads (SIGPIPE of fs/pipe.c).
  public func sendBrokenPipe() {
    post(senderInfo(.pipe, code: SignalCode.user), current, shared: false)
  }
}
