import Arm64
public import Files
import KernelLog
public import MemoryTypes

/// What syslog(2) and `/proc/kmsg` read (kernel/printk/printk.c: do_syslog()).
extension KernelState {
  /// Whether the caller may do what everybody may not (check_syslog_permissions()).
  public var mayReadLog: Bool {
    let capabilities = current.pointee.capabilities
    return capabilities.has(Capabilities.systemLog)
      || capabilities.has(Capabilities.administration)
  }

  /// Takes records that nobody has taken, as many as fit; a part of the first if that does not
  /// (syslog_print()).
  ///
  /// EAGAIN where there is none.
  public func takeLog(_ count: UInt64, _ sink: ByteSink) throws(Errno) -> Int {
    guard let log = board.kernelLog else { throw .EAGAIN }
    var done = 0
    var room = count
    while room > 0, let entry = log.pointee.entry(log.pointee.readSequence) {
      if entry.sequence != log.pointee.readSequence {
        log.pointee.readSequence = entry.sequence
        log.pointee.readPart = 0
      }
      var text = LogLine()
      let length = UInt64(KernelLog.write(entry, priority: true, &text))
      let skipped = log.pointee.readPart
      var piece = length &- min(skipped, length)
      if piece <= room {
        log.pointee.readSequence = entry.sequence &+ 1
        log.pointee.readPart = 0
      } else if done == 0 {
        piece = room
        log.pointee.readPart = skipped &+ piece
      } else {
        break
      }
      guard try hand(&text, from: skipped, piece, sink) else {
        if done == 0 { throw .EFAULT }
        break
      }
      done &+= Int(piece)
      room &-= piece
    }
    if done == 0 && count > 0 { throw .EAGAIN }
    return done
  }

  /// Copies the last records that fit, of those that were not cleared (syslog_print_all()).
  public func copyLog(_ count: UInt64, clears: Bool, _ sink: ByteSink) throws(Errno) -> Int {
    guard let log = board.kernelLog else { return 0 }
    var sequence = log.pointee.clearSequence
    var length = size(ofLogFrom: sequence)
    while length > count, let entry = log.pointee.entry(sequence) {
      length &-= size(of: entry)
      sequence = entry.sequence &+ 1
    }
    var done = 0
    while let entry = log.pointee.entry(sequence) {
      var text = LogLine()
      let size = KernelLog.write(entry, priority: true, &text)
      guard UInt64(done &+ size) <= count else { break }
      guard try hand(&text, from: 0, UInt64(size), sink) else { throw .EFAULT }
      done &+= size
      sequence = entry.sequence &+ 1
    }
    if clears { log.pointee.clearSequence = min(sequence, log.pointee.nextSequence) }
    return done
  }

  /// The bytes that SYSLOG_ACTION_READ would still read (SYSLOG_ACTION_SIZE_UNREAD).
  public var unreadLog: UInt64 {
    guard let log = board.kernelLog, let entry = log.pointee.entry(log.pointee.readSequence) else {
      return 0
    }
    if entry.sequence != log.pointee.readSequence {
      log.pointee.readSequence = entry.sequence
      log.pointee.readPart = 0
    }
    return size(ofLogFrom: entry.sequence) &- log.pointee.readPart
  }

  private func hand(
    _ text: inout LogLine, from: UInt64, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Bool {
    var failure: Errno?
    let taken = unsafe text.withBytes { bytes -> Int in
      do throws(Errno) {
        return try sink(
          unsafe ByteString(
            UnsafeRawBufferPointer(rebasing: bytes[Int(from)..<Int(from &+ count)])))
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return UInt64(taken) == count
  }

  private func size(ofLogFrom first: UInt64) -> UInt64 {
    var sum: UInt64 = 0
    var sequence = first
    while let entry = board.kernelLog?.pointee.entry(sequence) {
      sum &+= size(of: entry)
      sequence = entry.sequence &+ 1
    }
    return sum
  }

  private func size(of entry: KernelLog.Entry) -> UInt64 {
    var text = LogLine()
    return UInt64(KernelLog.write(entry, priority: true, &text))
  }
}
