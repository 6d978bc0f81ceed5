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
  package static func open(
    _ path: String, format: Format? = nil, modify: LackeyReader.Modify = .loadAndStore
  ) throws(TraceError) -> any MemoryTraceReader {
    let input = try TraceInput(path)
    _ = try input.require(min(TraceInput.capacity, 4096))
    guard let found = unsafe format ?? recognised(input.available) else {
      throw TraceError(
        .unsupported,
        "it begins as no trace of memory does: lackey's with 'I  ' or ' L ', execlog's with "
          + "'0, 0x', perf script's with a sample, drmemtrace's with byte 25, Kilburn's with "
          + "'KLBMEMT', ChampSim's with an instruction of 64 bytes",
        at: TracePlace(path, offset: 0))
    }
    switch found {
    case .kilburn:
      guard unsafe OwnTraceReader.recognises(input.available) else {
        throw TraceError(
          .malformed, "a trace of Kilburn's begins with 'KLBMEMT'",
          at: TracePlace(path, offset: 0))
      }
      return try OwnTraceReader(input)
    case .lackey: return LackeyReader(input, modify: modify)
    case .champsim: return ChampSimReader(input)
    case .drmemtrace: return try DrmemtraceReader(input)
    case .execlog: return ExeclogReader(input)
    case .perf: return PerfScriptReader(input)
    }
  }

  /// Whether a file can be read and begins as one of the known formats, and as no program or script.
  package static func isTrace(_ path: String) -> Bool {
    guard path != "-", let input = try? TraceInput(path),
      (try? input.require(min(TraceInput.capacity, 4096))) != nil
    else { return false }
    let start = unsafe input.available
    let programs: [[UInt8]] = [[0x7f, 0x45, 0x4c, 0x46], [0x23, 0x21]]
    if programs.contains(where: { unsafe start.starts(with: $0) }) { return false }
    return unsafe recognised(start) != nil
  }

  private static func recognised(_ bytes: UnsafeRawBufferPointer) -> Format? {
    if unsafe OwnTraceReader.recognises(bytes) { return .kilburn }
    if unsafe DrmemtraceReader.recognises(bytes) { return .drmemtrace }
    if unsafe LackeyReader.recognises(bytes) { return .lackey }
    if unsafe ExeclogReader.recognises(bytes) { return .execlog }
    if unsafe PerfScriptReader.recognises(bytes) { return .perf }
    return unsafe ChampSimReader.recognises(bytes) ? .champsim : nil
  }
}
