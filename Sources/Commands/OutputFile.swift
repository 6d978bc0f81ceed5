import Glibc
import Machine

/// A file that an option asked for, written at once.
enum OutputFile {
  static func write(_ text: String, to path: String, option: String) throws(MachineError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .failure("--\(option) \(path): \(HostFile.reason())") }
    let isWritten = Stream.write(Array(text.utf8), to: descriptor)
    guard close(descriptor) == 0, isWritten else {
      throw .failure("--\(option) \(path): \(HostFile.reason())")
    }
  }
}
