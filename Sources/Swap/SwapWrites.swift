import MemoryTypes

/// Pages that are being written: what a device has been given and has not said to have done.
///
/// The bytes are copied when a write begins; that it ends later is told by the machine's clock, for
/// what reclaim does hangs on it, and always the same way: a page that is being written is passed
/// over, and comes to the end of its list when the write ends. Writes end where no page is in
/// anybody's hands (``SwapSpace/settle()``): as on Linux, where those of a batch are handed to the
/// device together when the batch has been looked at (`blk_finish_plug()`).
struct SwapWrites: ~Copyable {
  let resident = Resident()
  /// As many as virtio-blk's queue holds (its `virtqueue_size`, two descriptors less).
  static var capacity: Int { 128 }
  /// From one page's end to the next, and from the start to the end of one: an SSD's.
  static var latency: UInt64 { 20_000 }

  struct Write: BitwiseCopyable {
    var frame = PageFrameNumber(0)
    /// When it ends, in nanoseconds.
    var end: UInt64 = 0
    /// Whether the device could not.
    var hasFailed = false
  }

  /// A ring: the oldest at `first`.
  private var ring: InlineArray<128, Write> = .init(repeating: Write())
  private var first = 0
  private(set) var count = 0

  init() {}

  var oldest: Write? { count == 0 ? nil : ring[first] }

  mutating func append(_ write: Write) {
    precondition(count < Self.capacity)
    ring[(first &+ count) & 127] = write
    count &+= 1
  }

  mutating func removeOldest() -> Write {
    precondition(count > 0)
    let write = ring[first]
    first = (first &+ 1) & 127
    count &-= 1
    return write
  }
}

/// Messages of one kind: ten in five seconds, and then how many were not said
/// (lib/ratelimit.c:___ratelimit()).
struct RateLimit: BitwiseCopyable {
  private var begin: UInt64 = 0
  private var said: UInt64 = 0
  private var missed: UInt64 = 0

  init() {}

  /// Whether one more may be said now, and how many were not since the last.
  mutating func allows(_ now: UInt64) -> (isAllowed: Bool, suppressed: UInt64) {
    var suppressed: UInt64 = 0
    if begin == 0 || now &- begin > 5_000_000_000 {
      suppressed = missed
      begin = max(now, 1)
      said = 0
      missed = 0
    }
    guard said < 10 else {
      missed &+= 1
      return (false, suppressed)
    }
    said &+= 1
    return (true, suppressed)
  }
}

/// What is said of devices that fail.
struct SwapComplaints: BitwiseCopyable {
  var reads = RateLimit()
  var writes = RateLimit()

  init() {}
}
