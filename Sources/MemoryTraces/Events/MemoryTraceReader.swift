package import TraceFiles

/// Reads a trace of accesses from its first to its last, in a room that does not grow with its
/// length.
package protocol MemoryTraceReader: AnyObject {
  /// What the trace is, and how complete.
  var nature: MemoryTraceNature { get }
  /// What the trace says of itself: its command line, its machine.
  var facts: [TraceFact] { get }
  /// How far in the file it is, and how long that is where it is known, in bytes; for progress.
  var progress: TraceProgress { get }
  /// Fills a batch. An empty one without failure is the end.
  func read(into batch: MemoryTraceBatch)
  /// Goes on near an access, at it or before it, without reading what lies before, and tells which
  /// one comes next; 0 where that cannot be done.
  func seek(to access: UInt64) throws(TraceError) -> UInt64
}

extension MemoryTraceReader {
  package func seek(to access: UInt64) throws(TraceError) -> UInt64 { 0 }
}

/// What a trace of accesses is.
package struct MemoryTraceNature: Equatable, Sendable {
  /// The format's name on the command line.
  package var format: MemoryTraceFile.Format
  /// Whether instruction fetches are in it.
  package var hasFetches: Bool
  /// Whether the kernel's own accesses are in it, and what replays them exactly.
  package var hasKernel = false
  /// Whether it has only some of the accesses: samples, or what a filter let through.
  package var isSampled = false

  package init(
    _ format: MemoryTraceFile.Format, hasFetches: Bool = true, hasKernel: Bool = false,
    isSampled: Bool = false
  ) {
    self.format = format
    self.hasFetches = hasFetches
    self.hasKernel = hasKernel
    self.isSampled = isSampled
  }
}
