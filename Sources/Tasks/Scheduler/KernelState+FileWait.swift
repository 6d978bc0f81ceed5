import Arm64
public import Files
public import MemoryTypes

/// Waiting at files, on behalf of a program.
extension KernelState {
  /// Waits until something happens to a file; false when the moment has come instead, ERESTARTSYS if
  /// a signal comes first.
  public func wait(
    at inode: KernelPointer<Inode>, until deadline: UInt64? = nil
  ) throws(Errno) -> Bool {
    if let deadline, board.clock.ticks >= deadline { return false }
    if hasSignal { throw .ERESTARTSYS }
    block(on: WaitChannel(kind: .pipe, object: inode.address), until: deadline)
    return true
  }

  /// Tells the current thread that a file would become larger than it may make one (SIGXFSZ).
  public func sendFileSizeExceeded() {
    post(senderInfo(.fileSizeExceeded, code: SignalCode.user), current, shared: false)
  }
}
