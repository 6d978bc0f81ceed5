package import TraceFiles

extension KilburnTraceWriter {
  /// Writes all of another trace, and tells how many calls it has.
  ///
  /// Where the other trace is wrong, what came before is written whole, and the error thrown.
  package static func convert(_ reader: any HeapTraceReader, to path: String)
    throws(TraceError) -> UInt64
  {
    let batch = HeapEventBatch()
    reader.read(into: batch)
    let facts = [TraceFact("source", reader.format)] + reader.facts
    let writer = try KilburnTraceWriter(path, facts: facts)
    while batch.count > 0 {
      try writer.add(from: reader.sites)
      for index in 0..<batch.count { try writer.append(batch[index]) }
      if batch.failure != nil { break }
      reader.read(into: batch)
    }
    try writer.finish()
    if let failure = batch.failure { throw failure }
    return writer.calls
  }
}
