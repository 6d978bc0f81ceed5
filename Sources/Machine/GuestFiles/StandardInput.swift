import Glibc

/// This process's standard input, as what a guest is to read.
package enum StandardInput {
  /// The most that a guest is given.
  static let limit = 1 << 30

  /// All of it; nothing where it is closed.
  package static func everything() throws(MachineError) -> [UInt8] {
    guard fcntl(STDIN_FILENO, F_GETFD) >= 0 else { return [] }
    guard let bytes = try HostFile.everything(from: STDIN_FILENO, limit: limit) else {
      throw .failure(
        "standard input is larger than 1G", hint: "--bind shows the guest a file of any size")
    }
    return bytes
  }
}
