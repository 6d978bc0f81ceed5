import Glibc
import MemoryTypes
import ProcessLaunch

/// A file that a machine's RAM is in, so that it can be looked at while it runs and afterwards
/// (Documentation/Decisions/RAMApart.md has the price).
///
/// It begins with the first byte of RAM, at 0x4000_0000, and is sparse: what the machine never wrote
/// takes no room. It is opened before the run, so that a bad path fails early.
package struct RAMFile: Sendable {
  let path: String
  package let descriptor: Int32

  /// Opens the file, empty; only its owner may read what a program had in memory.
  package init(_ path: String) throws(MachineError) {
    self.path = path
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .failure("--keep-ram \(path): \(HostFile.reason())") }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & 0o170000 == 0o100000 else {
      close(descriptor)
      throw .failure("--keep-ram \(path) is not a regular file")
    }
  }

  /// A file without a name, for as long as it is open.
  package init() throws(MachineError) {
    path = "memory"
    descriptor = unsafe kilburn_memory_file("kilburn-ram")
    guard descriptor >= 0 else {
      throw .failure("no memory file for the machine's RAM: \(HostFile.reason(-descriptor))")
    }
  }

  /// Makes it as long as RAM is.
  func makeRoom(_ size: ByteCount) throws(MachineError) {
    guard ftruncate(descriptor, Int(size.rawValue)) == 0 else {
      throw .failure("--keep-ram \(path): \(HostFile.reason())")
    }
  }
}
