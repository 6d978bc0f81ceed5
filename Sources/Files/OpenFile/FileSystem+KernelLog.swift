import Arm64
import KernelLog
public import MemoryTypes

/// `/dev/kmsg`: the kernel's log, a record a read, a record a write (kernel/printk/printk.c).
///
/// The file's position is the number of the record that is read next.
extension FileSystem {
  /// Whether reading a file may wait for the log: its device, and `/proc/kmsg`, the only text that
  /// ever makes a reader wait.
  public func isLog(_ file: KernelPointer<OpenFile>) -> Bool {
    switch file.pointee.inode.pointee.kind {
    case .device(.kernelMessages), .procedural: true
    default: false
    }
  }

  /// devkmsg_open(): writing alone is a matter of the file's permissions.
  func checkOpeningLog(_ flags: OpenFlags) throws(Errno) {
    guard flags.mayRead, let log = board.kernelLog, log.pointee.isRestricted else { return }
    guard caller?.credentials.pointee.fileUser == 0 else { throw .EPERM }
  }

  /// Begins at the oldest record.
  func startLog(_ file: KernelPointer<OpenFile>) {
    file.pointee.position = board.kernelLog?.pointee.firstSequence ?? 0
  }

  /// devkmsg_read(): one record, whole; EPIPE once where records were lost, EINVAL and the next
  /// record where there is no room.
  ///
  /// On its own, for its room for a record would be on the stack of every read.
  @inline(never)
  func readLog(
    _ file: KernelPointer<OpenFile>, _ count: UInt64, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard let log = board.kernelLog, let entry = log.pointee.entry(file.pointee.position) else {
      board.kernelLog?.pointee.hasWaiters = true
      throw .EAGAIN
    }
    guard entry.sequence == file.pointee.position else {
      file.pointee.position = entry.sequence
      throw .EPIPE
    }
    // Numbers, and four bytes for each of the text.
    var text = InlineArray<512, UInt64>(repeating: 0)
    var length = 0
    text.withRoom(4096) { room in
      KernelLog.writeExtended(entry) { byte in
        guard length < room.count else { return }
        unsafe room.bytes[length] = byte
        length &+= 1
      }
    }
    file.pointee.position = entry.sequence &+ 1
    guard UInt64(length) <= count else { throw .EINVAL }
    guard try text.withBytes(length, sink) == length else { throw .EFAULT }
    return length
  }

  /// devkmsg_write(): a message of a program, whose level and facility may stand before it.
  ///
  /// Linux lets through ten in five seconds unless `printk.devkmsg=on`, as it is here.
  func writeLog(
    _ inode: KernelPointer<Inode>, _ count: UInt64, _ source: ByteSource
  ) throws(Errno) -> Int {
    guard count <= UInt64(KernelLog.longestText &+ 1) else { throw .EINVAL }
    var buffer = InlineArray<128, UInt64>(repeating: 0)
    let length = Int(count)
    return try buffer.withRoom(length) { (room) throws(Errno) in
      guard try source(room) == length else { throw Errno.EFAULT }
      log(room.contents)
      // Who waits for a record waits for anything.
      happened(to: inode)
      return length
    }
  }

  /// Takes the prefix `<N>` off and logs the rest, up to a zero.
  private func log(_ text: ByteString) {
    var priority: UInt32 = UInt32(LogLevel.byDefault.rawValue)
    var start = 0
    if text.count > 0, text[0] == 0x3C {
      var at = 1
      var number: UInt32 = 0
      while at < text.count, 0x30...0x39 ~= text[at] {
        number = number &* 10 &+ UInt32(text[at] &- 0x30)
        at &+= 1
      }
      if at < text.count, text[at] == 0x3E {
        priority = number
        start = at &+ 1
      }
    }
    var end = start
    while end < text.count, text[end] != 0 { end &+= 1 }
    let facility = UInt16(truncatingIfNeeded: priority &>> 3 & 0xff)
    // SAFETY: a part of the caller's bytes.
    unsafe board.log(
      LogLevel(rawValue: UInt8(priority & 7)) ?? .byDefault,
      facility: facility == 0 ? 1 : facility, bytes: text[start..<end].bytes)
  }

  /// devkmsg_llseek(): to the oldest record, behind the newest, or to the first that was not
  /// cleared.
  func seekLog(
    _ file: KernelPointer<OpenFile>, to offset: Int64, whence: UInt32
  ) throws(Errno) -> UInt64 {
    guard offset == 0 else { throw .ESPIPE }
    guard let log = board.kernelLog else { return 0 }
    switch whence {
    case 0: file.pointee.position = log.pointee.firstSequence
    case 2: file.pointee.position = log.pointee.endSequence
    case 3: file.pointee.position = log.pointee.clearSequence
    default: throw .EINVAL
    }
    return 0
  }

  /// devkmsg_poll().
  func logReadiness(_ file: KernelPointer<OpenFile>) -> Readiness {
    guard let log = board.kernelLog, let entry = log.pointee.entry(file.pointee.position) else {
      board.kernelLog?.pointee.hasWaiters = true
      return []
    }
    let ready: Readiness = [.input, .normalInput]
    return entry.sequence == file.pointee.position ? ready : ready.union([.failed, .urgent])
  }
}
