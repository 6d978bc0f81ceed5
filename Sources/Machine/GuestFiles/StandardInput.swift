import Glibc

/// This process's standard input, as what a guest is to read.
package enum StandardInput {
  /// The most that a guest is given.
  static let limit = 1 << 30

  /// How long nothing may come without a word, in milliseconds.
  static let patience: Int32 = 2000

  /// All of it; nothing where it is closed.
  ///
  /// Where nothing comes for a while, and no end either, `notice` is called: whoever started this
  /// may not know that it is being waited for.
  package static func everything(notice: () -> Void) throws(MachineError) -> [UInt8] {
    guard fcntl(STDIN_FILENO, F_GETFD) >= 0 else { return [] }
    var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    if unsafe poll(&waiting, 1, patience) == 0 { notice() }
    guard let bytes = try HostFile.everything(from: STDIN_FILENO, limit: limit) else {
      throw .failure(
        "standard input is larger than 1G", hint: "--bind shows the guest a file of any size")
    }
    return bytes
  }
}
