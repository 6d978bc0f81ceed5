import Arm64
public import Files
public import KernelLog
public import MemoryTypes

extension LogLine {
  public mutating func append(text: ByteString) { unsafe append(bytes: text.bytes) }

  public mutating func append(_ name: TaskName) {
    for index in 0..<name.count { append(byte: name.bytes[index]) }
  }
}

extension KernelState {
  /// Writes one line to the kernel's log, and wakes who waits for one.
  public func log(_ level: LogLevel = .byDefault, _ body: (inout LogLine) -> Void) {
    board.log(level, body)
    wakeLogReaders()
  }

  /// Waits until there may be another line in the log; ERESTARTSYS if a signal comes first.
  public func waitForLog() throws(Errno) {
    if hasSignal { throw .ERESTARTSYS }
    board.kernelLog?.pointee.hasWaiters = true
    block(on: WaitChannel(kind: .pipe, object: 0))
  }

  /// Wakes who waits for a line of the log.
  ///
  /// Whoever logs by way of the board leaves it to the next who comes here, on the way back to a
  /// program at the latest.
  public func wakeLogReaders() {
    guard let log = board.kernelLog, log.pointee.hasWaiters else { return }
    log.pointee.hasWaiters = false
    wake(WaitChannel(kind: .pipe, object: 0))
  }
}
