/// Records as texts.
extension KernelLog {
  /// The most bytes of a record as a text (`CONSOLE_LOG_MAX`).
  public static var longestRecord: Int { 1024 }

  /// Writes a record's lines, each with its prefix and a newline, and answers the bytes
  /// (record_print_text()).
  ///
  /// - Parameters:
  ///   - priority: begins with `<6>`, as syslog wants it.
  ///   - room: takes them; what does not fit is dropped, line by line.
  public static func write(
    _ entry: Entry, priority: Bool, _ room: inout LogLine
  ) -> Int {
    room.clear()
    var at = 0
    var prefix = 0
    let count = unsafe entry.text.count
    repeat {
      var end = at
      while end < count, unsafe entry.text[end] != 0x0A { end &+= 1 }
      // A newline and a terminator besides.
      if at > 0 && !room.hasRoom(for: prefix &+ (end &- at) &+ 2) { break }
      if priority {
        room.append(byte: 0x3C)
        room.append(decimal: UInt64(entry.priority))
        room.append(byte: 0x3E)
      }
      room.append(time: entry.time)
      if at == 0 { prefix = room.count }
      unsafe room.append(bytes: UnsafeRawBufferPointer(rebasing: entry.text[at..<end]))
      room.append(byte: 0x0A)
      at = end &+ 1
    } while at <= count
    return room.count
  }

  /// Writes a record as `/dev/kmsg` shows it (info_print_ext_header(), msg_add_ext_text()): numbers
  /// before the text, and what does not print in hexadecimal.
  public static func writeExtended(_ entry: Entry, _ body: (UInt8) -> Void) {
    var head = LogLine()
    head.append(decimal: UInt64(entry.priority))
    head.append(byte: 0x2C)
    head.append(decimal: entry.sequence)
    head.append(byte: 0x2C)
    head.append(decimal: entry.time / 1000)
    head.append(",")
    head.append(byte: entry.isContinued ? 0x63 : 0x2D)
    head.append(";")
    unsafe head.withBytes { bytes in
      for index in 0..<bytes.count { unsafe body(bytes[index]) }
    }
    let length = unsafe entry.text.count
    for index in 0..<length {
      let byte = unsafe entry.text[index]
      if byte < 0x20 || byte >= 127 || byte == 0x5C {
        body(0x5C)
        body(0x78)
        body(LogLine.digit(byte &>> 4))
        body(LogLine.digit(byte & 15))
      } else {
        body(byte)
      }
    }
    body(0x0A)
  }
}
