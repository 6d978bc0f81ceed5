import TraceFiles

/// A reader of a text of which each line is a call, or tells something: what such readers share.
protocol HeapLineReader: HeapTraceReader {
  var input: TraceInput { get }
  /// The lines of the last batch's events.
  var lines: [UInt64] { get set }
  /// Takes a line: two events at most.
  func take(_ line: inout TextLine, _ batch: HeapEventBatch) throws(TraceError)
  /// The text has ended.
  func end() throws(TraceError)
}

extension HeapLineReader {
  package func place(index: Int) -> TracePlace {
    TracePlace(input.name, line: index < lines.count ? lines[index] : input.line)
  }

  package func read(into batch: HeapEventBatch) {
    batch.removeAll()
    lines.removeAll(keepingCapacity: true)
    do throws(TraceError) {
      // A call may take two events: an object that was never freed is, before its address returns.
      while batch.count + 2 <= HeapEventBatch.capacity {
        guard var line = try input.nextLine() else { return try end() }
        try take(&line, batch)
        while lines.count < batch.count { lines.append(input.line) }
      }
    } catch { batch.failure = input.explained(error) }
  }
}
