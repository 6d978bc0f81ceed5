public import KernelLog
import MemoryTypes

/// Writing to the kernel's log, from any room.
extension Board {
  /// Adds a message of one line; `body` writes it.
  @inline(never)
  public func log(_ level: LogLevel, _ body: (inout LogLine) -> Void) {
    var line = LogLine()
    body(&line)
    log(level, &line)
  }

  /// Adds a message of one line.
  public func log(_ level: LogLevel, _ text: StaticString) {
    log(level) { $0.append(text) }
  }

  /// Adds a line and shows it if it is urgent.
  public func log(_ level: LogLevel, _ line: inout LogLine) {
    line.append(byte: 0x0A)
    unsafe line.withBytes { unsafe log(level, bytes: $0) }
  }

  /// Adds what some bytes say, as printk() takes them: a newline ends the record.
  ///
  /// - Parameters:
  ///   - facility: 0 for the kernel.
  ///   - continues: goes on with the record before (`KERN_CONT`).
  public func log(
    _ level: LogLevel, facility: UInt16 = 0, continues: Bool = false,
    bytes: UnsafeRawBufferPointer
  ) {
    guard let log = kernelLog else { return }
    unsafe log.pointee.append(
      KernelLog.Message(
        level, facility: facility, time: clock.nanoseconds, continues: continues), bytes)
    showNewLog()
  }

  /// Shows what was logged since it was last shown, as far as it is urgent
  /// (console_flush_all()).
  @inline(never)
  private func showNewLog() {
    guard let log = kernelLog else { return }
    while let entry = log.pointee.entry(log.pointee.shownSequence) {
      log.pointee.shownSequence = entry.sequence &+ 1
      guard entry.priority & 7 < UInt16(log.pointee.shownLevel) else { continue }
      var text = LogLine()
      _ = KernelLog.write(entry, priority: false, &text)
      unsafe text.withBytes { unsafe showLog($0) }
    }
  }
}
