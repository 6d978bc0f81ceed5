import Glibc
import Machine
import MemoryTypes
import Reports

/// The file of `--timeline`: opened before the run, so that a bad path fails early, and written as
/// the samples come.
final class TimelineFile {
  private let path: String
  private let descriptor: Int32
  private var timeline: Timeline
  private var hasFailed = false

  init(_ path: String, _ pageSize: PageSize) throws(MachineError) {
    self.path = path
    timeline = Timeline(pageSize: pageSize)
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .failure("--timeline \(path): \(HostFile.reason())") }
    write(Timeline.header)
  }

  func receive(_ bytes: [UInt8]) { write(timeline.receive(bytes)) }

  private func write(_ text: String) {
    if !text.isEmpty && !hasFailed {
      hasFailed = !Stream.write(Array(text.utf8), to: descriptor)
    }
  }

  func finish() throws(MachineError) {
    guard close(descriptor) == 0, !hasFailed else {
      throw .failure("--timeline \(path): \(HostFile.reason())")
    }
  }
}
