import Glibc

/// One of this process's standard streams.
enum Stream: Int32 {
  case input = 0
  case output = 1
  case error = 2

  /// Takes the place of standard streams that this process was started without, so that no file
  /// that is opened later gets their number.
  ///
  /// Nothing can be read, output is as closed as it was, and what is said on standard error is lost.
  static func replaceClosed() {
    for stream in [input, output, error] where fcntl(stream.rawValue, F_GETFD) < 0 {
      // The lowest free number is this one.
      _ = unsafe open("/dev/null", stream == .error ? O_WRONLY : O_RDONLY)
    }
  }

  /// Writes all of it; false when nobody takes it any more.
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool { Self.write(bytes, to: rawValue) }

  /// Writes all of it to a descriptor; false when that fails.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress.map { unsafe $0 + done }, bytes.count - done)
      }
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        unsafe poll(&wanted, 1, -1)
        continue
      }
      guard count >= 0 else { return false }
      done += count
    }
    return true
  }

  /// Writes a line.
  func line(_ text: String) { write(Array((text + "\n").utf8)) }

  /// Whether it is a terminal.
  var isTerminal: Bool { isatty(rawValue) == 1 }
}
