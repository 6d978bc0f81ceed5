package import TraceFiles

/// Opens a trace of any of the known formats.
package enum HeapTraceFile {
  /// What is known, and its name on the command line.
  package enum Format: String, CaseIterable, Sendable {
    case mtrace
    case workload
    case heaptrack
    case kilburn
  }

  /// Opens a file, or standard input for "-", by what it begins with.
  package static func open(
    _ path: String, format: Format? = nil, _ options: HeapTraceOptions = HeapTraceOptions()
  ) throws(TraceError) -> any HeapTraceReader {
    let input = try TraceInput(path)
    guard let found = unsafe format ?? recognised(input.available) else {
      throw TraceError(
        .unsupported,
        "it begins as no trace does: mtrace's with '= Start' or '@ ', heaptrack's with 'v ', "
          + "a workload with byte 8, Kilburn's with 'KLBHEAP'",
        at: TracePlace(path, offset: 0))
    }
    switch found {
    case .mtrace: return MTraceReader(input, options)
    case .heaptrack: return HeaptrackReader(input, options)
    case .workload: return try WorkloadReader(path, options)
    case .kilburn: return try KilburnTraceReader(input)
    }
  }

  private static func recognised(_ bytes: UnsafeRawBufferPointer) -> Format? {
    if unsafe KilburnTraceReader.recognises(bytes) { return .kilburn }
    if unsafe HeaptrackReader.recognises(bytes) { return .heaptrack }
    if unsafe MTraceReader.recognises(bytes) { return .mtrace }
    return unsafe WorkloadReader.recognises(bytes) ? .workload : nil
  }
}
