import Glibc
import Machine
import Reports

/// The file of `--json`: opened before the run, so that a bad path fails early.
struct JSONFile {
  private let path: String
  private let descriptor: Int32

  init(_ path: String) throws(MachineError) {
    self.path = path
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .failure("--json \(path): \(HostFile.reason())") }
  }

  func write(_ json: JSON) throws(MachineError) {
    guard Stream.write(Array(json.text.utf8), to: descriptor), close(descriptor) == 0 else {
      throw .failure("--json \(path): \(HostFile.reason())")
    }
  }
}
