// Fuzzes traces of allocations: any bytes as a file, read as each format and replayed. Whatever they
// are, that ends with an answer or a named error. `Fuzz/run-heap-traces` builds and starts it.
//
// The first byte says as what the rest is read, and on which allocator it is played.

import TraceFiles
import HeapTraces
import MemoryTypes
import PTMalloc

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 1 else { return 0 }
  let choice = unsafe data[0]
  let formats: [HeapTraceFile.Format?] = [nil, .mtrace, .heaptrack, .workload, .kilburn]
  var options = ReplayOptions()
  options.environment.version =
    GlibcVersion.allCases[Int(choice >> 4) % GlibcVersion.allCases.count]
  options.environment.pageSize = choice & 8 == 0 ? .fourKiB : .sixtyFourKiB
  do throws(TraceError) {
    try unsafe withFuzzedFile(UnsafeBufferPointer(start: data + 1, count: size - 1)) {
      (path) throws(TraceError) in
      let reader = try HeapTraceFile.open(
        path, format: formats[Int(choice & 7) % formats.count],
        HeapTraceOptions(skipsUnknown: choice & 128 != 0))
      let result = try HeapReplay(options).play(reader)
      if let failure = result.failure { precondition(!"\(failure)".isEmpty) }
      precondition(result.end.live <= result.end.chunks)
    }
  } catch { precondition(!"\(error)".isEmpty) }
  return 0
}
