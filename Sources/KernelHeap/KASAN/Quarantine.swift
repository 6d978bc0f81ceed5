import MemoryTypes

/// Freed objects that are not given out again for a while, so that a use after free meets a freed
/// object and not a new one (mm/kasan/quarantine.c).
///
/// Objects are chained through their free metadata, in the order in which they came:
/// ```
///   queue of the processor, up to 1M  →  batches, oldest first  →  back to their caches
/// ```
/// A queue that is full becomes part of the newest batch. When all batches together have more than
/// their share, a 32nd of RAM less the processors' queues, the oldest one is emptied.
///
/// The batches are to be guarded by a lock (`quarantine_lock`); the queue is its processor's alone.
@safe public struct Quarantine: ~Copyable {
  let resident = Resident()
  /// One chain: its ends as addresses of links, and the bytes of its objects.
  public struct Queue: BitwiseCopyable {
    var first: UInt64 = 0
    var last: UInt64 = 0
    public internal(set) var bytes: UInt64 = 0

    public init() {}
    public var isEmpty: Bool { first == 0 }
  }

  /// QUARANTINE_PERCPU_SIZE and QUARANTINE_BATCHES.
  static var processorLimit: UInt64 { 1 &<< 20 }
  static var batchCount: Int { 1024 }

  private var processor = Queue()
  private var batches: InlineArray<1024, Queue> = .init(repeating: Queue())
  private var head = 0
  private var tail = 0
  /// The bytes of all objects in batches.
  public private(set) var batchBytes: UInt64 = 0
  /// The most that may be there, and what a batch aims at (`quarantine_max_size`,
  /// `quarantine_batch_size`).
  public let limit: UInt64
  public let batchLimit: UInt64

  /// One for a machine with so much RAM.
  public init(ram: UInt64) {
    let share = ram / 32
    limit = share < Self.processorLimit ? 0 : share &- Self.processorLimit
    batchLimit = max(Self.processorLimit, 2 &* share / UInt64(Self.batchCount))
  }

  /// The bytes of all objects that are kept.
  public var bytes: UInt64 { batchBytes &+ processor.bytes }

  /// Takes an object whose link is at an address (`kasan_quarantine_put()`).
  public mutating func put(link: UInt64, size: UInt64) {
    Self.append(link, size, to: &processor)
    guard processor.bytes > Self.processorLimit else { return }
    let moved = processor
    processor = Queue()
    batchBytes &+= moved.bytes
    Self.append(moved, to: &batches[tail])
    guard batches[tail].bytes >= batchLimit else { return }
    let next = tail &+ 1 == Self.batchCount ? 0 : tail &+ 1
    if next != head { tail = next }
  }

  /// Takes the oldest batch out if all together are too many (`kasan_quarantine_reduce()`).
  public mutating func reduce() -> Queue {
    guard batchBytes > limit else { return Queue() }
    let oldest = batches[head]
    batches[head] = Queue()
    batchBytes &-= oldest.bytes
    // The newest batch stays the one that is added to.
    if head != tail { head = head &+ 1 == Self.batchCount ? 0 : head &+ 1 }
    return oldest
  }

  /// Takes out all objects that the body says yes to (`kasan_quarantine_remove_cache()`); it gets
  /// the address of an object's link, and says the bytes that the object counted for, or nil.
  public mutating func remove(_ isWanted: (UInt64) -> UInt64?) -> Queue {
    var removed = Queue()
    processor = Self.filter(processor, into: &removed, isWanted)
    for index in 0..<Self.batchCount where !batches[index].isEmpty {
      let before = batches[index].bytes
      batches[index] = Self.filter(batches[index], into: &removed, isWanted)
      batchBytes &-= before &- batches[index].bytes
    }
    return removed
  }

  /// Visits the links of a queue that was taken out; each may be given away when it was visited.
  public static func forEach(_ queue: Queue, _ body: (UInt64) -> Void) {
    var at = queue.first
    while at != 0 {
      let next = link(at)
      body(at)
      at = next
    }
  }

  private static func filter(
    _ queue: Queue, into removed: inout Queue, _ isWanted: (UInt64) -> UInt64?
  ) -> Queue {
    var kept = Queue()
    let bytes = queue.bytes
    var taken: UInt64 = 0
    forEach(queue) { at in
      if let size = isWanted(at) {
        append(at, size, to: &removed)
        taken &+= size
      } else {
        append(at, 0, to: &kept)
      }
    }
    kept.bytes = bytes &- taken
    return kept
  }

  private static func append(_ link: UInt64, _ size: UInt64, to queue: inout Queue) {
    if queue.first == 0 { queue.first = link } else { setLink(queue.last, link) }
    queue.last = link
    setLink(link, 0)
    queue.bytes &+= size
  }

  private static func append(_ other: Queue, to queue: inout Queue) {
    if queue.first == 0 { queue.first = other.first } else { setLink(queue.last, other.first) }
    queue.last = other.last
    queue.bytes &+= other.bytes
  }

  private static func link(_ at: UInt64) -> UInt64 {
    // SAFETY: whoever put the object here gave up its metadata.
    unsafe UnsafePointer<UInt64>(bitPattern: UInt(at)).unsafelyUnwrapped.pointee
  }

  private static func setLink(_ at: UInt64, _ next: UInt64) {
    // SAFETY: as above.
    unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(at)).unsafelyUnwrapped.pointee = next
  }
}
