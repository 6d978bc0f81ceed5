// Fuzzes traces of accesses: any bytes as a file, read as each format. Whatever they are, that ends
// with records or a named error of one line. `Fuzz/run-memory-traces` builds and starts it.
//
// The first byte says as what the rest is read.

import HardwareModel
import MemoryTraces
import TraceFiles

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 1 else { return 0 }
  let formats: [MemoryTraceFile.Format?] = [nil] + MemoryTraceFile.Format.allCases
  let format = unsafe formats[Int(data[0]) % formats.count]
  do throws(TraceError) {
    try unsafe withFuzzedFile(UnsafeBufferPointer(start: data + 1, count: size - 1)) {
      (path) throws(TraceError) in
      let reader = try MemoryTraceFile.open(path, format: format)
      let batch = MemoryTraceBatch()
      while true {
        reader.read(into: batch)
        var position = 0
        for event in batch.events {
          precondition(event.position >= position && event.position <= batch.count)
          position = event.position
        }
        if let failure = batch.failure {
          precondition(!"\(failure)".isEmpty && !"\(failure)".contains("\n"))
        }
        if batch.isEmpty || batch.failure != nil { break }
      }
    }
  } catch { precondition(!"\(error)".isEmpty) }
  return 0
}
