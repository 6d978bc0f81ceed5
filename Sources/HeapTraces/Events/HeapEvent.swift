package import TraceFiles

/// What a program asked of its allocator, or what else a trace tells.
package enum HeapOperation: UInt8, CaseIterable, Sendable {
  case malloc = 0
  case calloc
  case realloc
  case memalign
  case alignedAlloc
  case posixMemalign
  case valloc
  case pvalloc
  case free
  /// A pointer is freed that the trace does not know (`address`).
  case freeUnknown
  /// The thread of the calls is another from here on.
  case thread
  /// The thread ends.
  case threadEnd
  /// Time passed: `size` nanoseconds since the last time told.
  case time
  /// malloc_trim(`size`).
  case trim

  /// Whether it is a call of the allocator, and counts as an event.
  package var isCall: Bool { self != .thread && self != .time && self != .threadEnd }

  /// Whether it returns memory.
  package var allocates: Bool { rawValue < Self.free.rawValue }

  /// The function's name in C.
  package var name: String {
    switch self {
    case .alignedAlloc: "aligned_alloc"
    case .posixMemalign: "posix_memalign"
    case .freeUnknown: "free"
    case .trim: "malloc_trim"
    case .threadEnd: "thread-end"
    case .malloc, .calloc, .realloc, .memalign, .valloc, .pvalloc, .free, .thread, .time:
      "\(self)"
    }
  }
}

/// One call, with objects by slot.
///
/// A *slot* is the number of a live object: the lowest place that an array of live objects needs.
/// Slots are taken last-freed first, so that their number is the most objects that ever lived at
/// once, and a replay looks objects up by an index and never by a hash of addresses. Readers of
/// formats that know addresses only keep the one table that this takes (`AddressTable`).
package struct HeapEvent: Equatable, Sendable {
  /// No object: NULL.
  package static var noSlot: UInt32 { .max }

  package var operation: HeapOperation
  /// Who calls: threads are numbered from 0 in the order of their appearance.
  package var thread: UInt32
  /// The object that it returns or frees; of realloc both, an object that moves keeps its slot.
  package var slot: UInt32
  /// The stack that called, in the trace's table; 0 where it is not known.
  package var site: UInt32
  /// The bytes that were asked for; of calloc, the product.
  package var size: UInt64
  /// The alignment that was asked for.
  package var alignment: UInt64
  /// What the traced program got, or gave; 0 where the trace does not say.
  package var address: UInt64
  /// Of realloc: the object before the call, noSlot where it is NULL.
  package var source: UInt32
  /// Whether the traced program got NULL.
  package var isNull: Bool

  package init(
    _ operation: HeapOperation, thread: UInt32 = 0, slot: UInt32 = HeapEvent.noSlot,
    source: UInt32 = HeapEvent.noSlot, size: UInt64 = 0, alignment: UInt64 = 0,
    address: UInt64 = 0, site: UInt32 = 0, isNull: Bool = false
  ) {
    self.operation = operation
    self.thread = thread
    self.slot = slot
    self.source = source
    self.size = size
    self.alignment = alignment
    self.address = address
    self.site = site
    self.isNull = isNull
  }
}

/// Events that a reader has read: a fixed room, filled again and again.
@safe
package final class HeapEventBatch {
  /// So few that they stay in the processor's second cache.
  package static var capacity: Int { 1024 }

  /// SAFETY: `capacity` events, allocated in init and freed in deinit; `count` of them are set.
  package let events: UnsafeMutablePointer<HeapEvent>
  package private(set) var count = 0
  /// Why there are no more; what is in the batch came before.
  package var failure: TraceError?

  package init() {
    unsafe events = .allocate(capacity: Self.capacity)
    unsafe events.initialize(repeating: HeapEvent(.time), count: Self.capacity)
  }

  deinit { unsafe events.deallocate() }

  /// Whether no other event has room.
  package var isFull: Bool { count >= Self.capacity }

  package func removeAll() {
    count = 0
    failure = nil
  }

  /// Adds one; the batch is not full.
  @inline(__always)
  package func append(_ event: HeapEvent) {
    precondition(count < Self.capacity)
    unsafe events[count] = event
    count &+= 1
  }

  /// Says how many were written to `events` directly.
  @inline(__always)
  package func set(count: Int) {
    precondition(count >= 0 && count <= Self.capacity)
    self.count = count
  }

  package subscript(_ index: Int) -> HeapEvent {
    precondition(index >= 0 && index < count)
    return unsafe events[index]
  }
}
