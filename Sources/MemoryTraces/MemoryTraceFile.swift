package import TraceFiles

/// Opens a trace of accesses of any of the known formats.
package enum MemoryTraceFile {
  /// What is known, and its name on the command line.
  package enum Format: String, CaseIterable, Sendable {
    case kilburn
    case lackey
    case champsim
    case drmemtrace
    case execlog
    case perf
  }

  /// Opens a file, or standard input for "-", by what it begins with.
  package static func open(_ path: String, format: Format? = nil) throws(TraceError)
    -> any MemoryTraceReader
  {
    let input = try TraceInput(path)
    return try OwnTraceReader(input)
  }
}
