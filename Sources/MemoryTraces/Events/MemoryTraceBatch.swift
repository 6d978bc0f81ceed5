package import HardwareModel
package import TraceFiles

/// Accesses that a reader has read, and what happened between them: a fixed room, filled again and
/// again.
///
/// Invariant: the events stand in the order of their positions, none of which exceeds `count`.
@safe
package final class MemoryTraceBatch {
  /// 256 KiB of accesses: they stay in the processor's second cache.
  package static var capacity: Int { 1 << 15 }
  /// So many are what readers of texts fill at most.
  static var usual: Int { 1 << 13 }
  /// No more events stand in a batch than this.
  static var eventLimit: Int { 1 << 15 }

  /// SAFETY: `capacity` records, allocated in init and freed in deinit; `count` of them are set.
  package let records: UnsafeMutablePointer<AccessRecord>
  package private(set) var count = 0
  package private(set) var events: [MemoryTraceEvent] = []
  /// Why there are no more; what is in the batch came before.
  package var failure: TraceError?

  package init() {
    unsafe records = .allocate(capacity: Self.capacity)
    unsafe records.initialize(repeating: AccessRecord(rawValue: 0), count: Self.capacity)
  }

  deinit { unsafe records.deallocate() }

  /// Whether it says anything.
  package var isEmpty: Bool { count == 0 && events.isEmpty }

  package func removeAll() {
    count = 0
    events.removeAll(keepingCapacity: true)
    failure = nil
  }

  /// Whether a reader of records of any kind goes on with another batch.
  var isFilled: Bool { count >= Self.usual || events.count >= Self.eventLimit }

  /// Adds an access; there is room for it.
  @inline(__always) func append(_ record: AccessRecord) {
    precondition(count < Self.capacity)
    unsafe records[count] = record
    count &+= 1
  }

  /// Adds an event behind the accesses that are there.
  func append(_ event: MemoryTraceEvent) {
    var event = event
    event.position = count
    events.append(event)
  }

  /// Says how many were written to `records` directly.
  func set(count: Int) {
    precondition(count >= 0 && count <= Self.capacity)
    self.count = count
  }

  func set(events: [MemoryTraceEvent]) { self.events = events }

  /// Replaces everything by these accesses.
  package func fill(with given: some Sequence<AccessRecord>) {
    removeAll()
    for record in given { append(record) }
  }

  package subscript(_ index: Int) -> AccessRecord {
    precondition(index >= 0 && index < count)
    return unsafe records[index]
  }
}
