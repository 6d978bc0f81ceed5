import Arm64
import Files
import KernelLog
import MemoryTypes
import Tasks

/// syslog(type, buffer, length): the kernel's log (kernel/printk/printk.c: do_syslog()).
extension SystemCall {
  func systemLog() throws(Errno) -> UInt64 {
    let action = int(0)
    let log = kernel.board.kernelLog
    // SYSLOG_ACTION_READ_ALL and SIZE_BUFFER are everybody's, as a rule (syslog_action_restricted()).
    let isOpen = action == 3 || action == 10
    guard isOpen && log?.pointee.isRestricted != true || kernel.mayReadLog else { throw .EPERM }
    switch action {
    case 0, 1: return 0
    case 2:
      guard try checkLogBuffer() else { return 0 }
      return try takeLog()
    case 3, 4:
      guard try checkLogBuffer() else { return 0 }
      var place = address(1)
      return UInt64(
        try kernel.copyLog(UInt64(int(2)), clears: action == 4) { piece in store(piece, &place) })
    case 5: log?.pointee.clearSequence = log?.pointee.endSequence ?? 0
    case 6:
      guard let log else { return 0 }
      if log.pointee.savedConsoleLevel < 0 {
        log.pointee.savedConsoleLevel = log.pointee.consoleLevel
      }
      log.pointee.consoleLevel = 1
    case 7:
      guard let log, log.pointee.savedConsoleLevel >= 0 else { return 0 }
      log.pointee.consoleLevel = log.pointee.savedConsoleLevel
      log.pointee.savedConsoleLevel = -1
    case 8:
      guard 1...8 ~= int(2) else { throw .EINVAL }
      log?.pointee.consoleLevel = int(2)
      log?.pointee.savedConsoleLevel = -1
    case 9: return kernel.unreadLog
    case 10: return log?.pointee.size ?? 1 << 18
    default: throw .EINVAL
    }
    return 0
  }

  /// False where nothing is asked for.
  private func checkLogBuffer() throws(Errno) -> Bool {
    guard argument(1) != 0, int(2) >= 0 else { throw .EINVAL }
    guard int(2) > 0 else { return false }
    try checkRange(address(1), UInt64(int(2)))
    return true
  }

  /// Waits for the first record.
  private func takeLog() throws(Errno) -> UInt64 {
    while true {
      var place = address(1)
      do throws(Errno) {
        return UInt64(try kernel.takeLog(UInt64(int(2))) { piece in store(piece, &place) })
      } catch {
        guard error == .EAGAIN else { throw error }
      }
      try kernel.waitForLog()
    }
  }
}
