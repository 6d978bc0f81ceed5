import HardwareModel
package import MemoryTraces
import TraceFiles

/// A trace that is being replayed: its batch, and how far it is.
///
/// Of a part of a trace, what comes before is sought over where the format can, and passed over
/// otherwise: of its events only those count that say how things stand (who runs, tables).
package final class ReplayedTrace {
  package let path: String
  package let reader: any MemoryTraceReader
  /// The accesses that are played, by their numbers in the trace.
  package let part: Range<UInt64>
  let batch = MemoryTraceBatch()
  /// The next record and the next event of the batch.
  var record = 0
  var event = 0
  var isEnded = false
  var accesses: UInt64 = 0
  /// The number of the batch's first access.
  private var first: UInt64 = 0
  private var isBegun = false
  /// The records of the batch before the part, and those up to its end.
  private var passed = 0
  private var limit = 0
  /// From where in the batch events count.
  private var counts = 0
  /// Up to where in the batch instructions have been told.
  private var told = 0

  package init(
    _ path: String, _ reader: any MemoryTraceReader, part: Range<UInt64> = 0..<UInt64.max
  ) {
    self.path = path
    self.reader = reader
    self.part = part
  }

  /// Makes sure that something is left of the batch; false at the end.
  func fill() -> Bool {
    if !isBegun, !begin() { return false }
    while record >= limit && event >= batch.events.count {
      if isEnded || batch.failure != nil { return false }
      first += UInt64(batch.count)
      guard first < part.upperBound else {
        isEnded = true
        return false
      }
      reader.read(into: batch)
      (event, told) = (0, 0)
      passed = first < part.lowerBound ? Int(min(UInt64(batch.count), part.lowerBound - first)) : 0
      limit = Int(min(UInt64(batch.count), part.upperBound - first))
      counts = first + UInt64(batch.count) < part.lowerBound ? Int.max : passed
      record = passed
      if batch.isEmpty { finish() }
    }
    return true
  }

  private func begin() -> Bool {
    isBegun = true
    guard part.lowerBound > 0 else { return true }
    do throws(TraceError) {
      first = try reader.seek(to: part.lowerBound)
      return true
    } catch {
      batch.failure = error
      return false
    }
  }

  /// The trace has no more.
  private func finish() {
    isEnded = true
    guard part.lowerBound > 0, first <= part.lowerBound, batch.failure == nil, accesses == 0 else {
      return
    }
    batch.failure = TraceError(
      .usage, "--from \(part.lowerBound): the trace has \(first) accesses", at: TracePlace(path))
  }

  /// The event that comes before the next record, which is then taken.
  func nextEvent() -> MemoryTraceEvent? {
    while event < batch.events.count, batch.events[event].position <= record {
      event += 1
      if let counted = counted(batch.events[event - 1]) { return counted }
    }
    guard record >= limit, limit < batch.count else { return nil }
    // The part ends within the batch: what is left of it are the instructions of its last accesses.
    let rest = batch.events[event...].first { $0.kind == .instructions }
    event = batch.events.count
    isEnded = true
    return rest.flatMap(counted)
  }

  /// What of an event counts for the part; nil where nothing does.
  private func counted(_ event: MemoryTraceEvent) -> MemoryTraceEvent? {
    switch event.kind {
    case .task, .threadEnd, .addressSpace, .kernelTables, .descriptor, .time: return event
    case .instructions:
      // Told for all accesses since the last such event: those of them that are played have a share.
      let (start, end) = (told, event.position)
      told = end
      let played = min(end, limit) - max(start, passed)
      guard end > start else { return end >= counts ? event : nil }
      guard played > 0 else { return nil }
      if played == end - start { return event }
      func share(_ count: UInt64) -> UInt64 {
        count.multipliedFullWidth(by: UInt64(played)).high == 0
          ? count &* UInt64(played) / UInt64(end - start) : count
      }
      var event = event
      (event.a, event.b) = (share(event.a), share(event.b))
      return event
    default: return event.position >= counts ? event : nil
    }
  }

  /// Up to where records can be run at once.
  var end: Int {
    event < batch.events.count ? min(batch.events[event].position, limit) : limit
  }

  /// Whether all of the batch that is played has been.
  var isBatchDone: Bool { record >= limit }

  var result: ReplayResult.Trace {
    ReplayResult.Trace(
      path: path, nature: reader.nature, facts: reader.facts, first: part.lowerBound,
      accesses: accesses)
  }
}
