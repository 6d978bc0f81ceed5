import Arm64
import Files
import KernelLog
import MemoryTypes
import Tasks

extension ProcFS {
  /// All that the log holds, as dmesg prints it: without levels.
  func log(_ out: inout Writer) {
    guard let log = kernel.board.kernelLog else { return }
    var sequence = log.pointee.firstSequence
    while let entry = log.pointee.entry(sequence) {
      var text = LogLine()
      _ = KernelLog.write(entry, priority: false, &text)
      unsafe text.withBytes { bytes in
        for index in 0..<bytes.count { unsafe out.byte(bytes[index]) }
      }
      sequence = entry.sequence &+ 1
    }
  }
}
