package import TraceFiles

/// Reads a trace from its first event to its last, in a room that does not grow with its length.
package protocol HeapTraceReader: AnyObject {
  /// The format's name: `mtrace`, `heaptrack`, `workload`, `kilburn`.
  var format: String { get }
  /// The stacks told so far.
  var sites: SiteTable { get }
  /// What the trace says of itself: its command line, its page size.
  var facts: [TraceFact] { get }
  /// How many threads have called so far.
  var threads: UInt32 { get }
  /// Where an event of the last batch is in the file, for errors.
  func place(index: Int) -> TracePlace
  /// Fills a batch. An empty one is the end; `batch.failure` says what was wrong behind its events.
  func read(into batch: HeapEventBatch)
}

/// How a trace is to be taken.
package struct HeapTraceOptions: Equatable, Sendable {
  /// Whether pointers that the trace does not know may be freed, and known ones be returned again.
  ///
  /// So do traces that were begun in the middle of a program.
  package var skipsUnknown = false
  package init(skipsUnknown: Bool = false) { self.skipsUnknown = skipsUnknown }
}
