import HardwareModel
package import MemoryTraces
import TraceFiles

/// A trace that is being replayed: its batch, and how far it is.
package final class ReplayedTrace {
  package let path: String
  package let reader: any MemoryTraceReader
  let batch = MemoryTraceBatch()
  /// The next record and the next event of the batch.
  var record = 0
  var event = 0
  var isEnded = false
  var accesses: UInt64 = 0

  package init(_ path: String, _ reader: any MemoryTraceReader) {
    self.path = path
    self.reader = reader
  }

  /// Makes sure that something is left of the batch; false at the end.
  func fill() -> Bool {
    while record >= batch.count && event >= batch.events.count {
      if isEnded || batch.failure != nil { return false }
      reader.read(into: batch)
      (record, event) = (0, 0)
      if batch.isEmpty { isEnded = true }
    }
    return true
  }

  /// The event that comes before the next record, which is then taken.
  func nextEvent() -> MemoryTraceEvent? {
    guard event < batch.events.count, batch.events[event].position <= record else { return nil }
    event += 1
    return batch.events[event - 1]
  }

  /// Up to where records can be run at once.
  var end: Int { event < batch.events.count ? batch.events[event].position : batch.count }

  var result: ReplayResult.Trace {
    ReplayResult.Trace(path: path, nature: reader.nature, facts: reader.facts, accesses: accesses)
  }
}
