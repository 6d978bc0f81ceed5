/// What decoding Kilburn's records keeps from one to the next: a value of its own, so that the loop
/// over them works on registers.
struct KilburnTraceDecoder: ~Copyable {
  private var slots = SlotList()
  /// How many calls the chunk has to have yet, and how many there were in all.
  private(set) var callsLeft: UInt32 = 0
  private(set) var calls: UInt64 = 0
  private(set) var threads: UInt32 = 1

  // What the records of a chunk count from.
  private var thread: UInt32 = 0
  private var site: UInt32 = 0
  private var lastAddress: UInt64 = 0

  init() {}

  mutating func beginChunk(calls: UInt32) {
    callsLeft = calls
    (thread, site, lastAddress) = (0, 0, 0)
  }

  /// Decodes records until the chunk or the batch ends; tells what is wrong with one.
  mutating func decode(
    _ bytes: UnsafeMutablePointer<UInt8>, from at: inout Int, to length: Int,
    into batch: HeapEventBatch, sites: UInt64
  ) -> StaticString? {
    let end = unsafe bytes + length
    var cursor = unsafe bytes + at
    let events = unsafe batch.events
    var count = batch.count
    var failure: StaticString?
    while count < HeapEventBatch.capacity, unsafe cursor < end {
      failure = unsafe decode(&cursor, &events[count], &count, sites)
      if failure != nil { break }
    }
    let isCut = unsafe cursor > end
    at = unsafe min(cursor - bytes, length)
    batch.set(count: count)
    return failure ?? (isCut ? "a record is cut off" : nil)
  }

  /// A number in groups of seven bits, least significant first; nil beyond 64 bits.
  ///
  /// What it reads ends: behind a chunk are zeros.
  @inline(__always)
  static func leb(_ at: inout UnsafeMutablePointer<UInt8>) -> UInt64? {
    let first = unsafe at.pointee
    unsafe at += 1
    if first < 0x80 { return UInt64(first) }
    let second = unsafe at.pointee
    unsafe at += 1
    let low = UInt64(first & 0x7f) | UInt64(second & 0x7f) &<< 7
    return second < 0x80 ? low : unsafe longLeb(&at, low)
  }

  @inline(never)
  private static func longLeb(_ at: inout UnsafeMutablePointer<UInt8>, _ low: UInt64) -> UInt64? {
    var value = low
    var shift: UInt64 = 14
    while shift < 64 {
      let byte = unsafe at.pointee
      unsafe at += 1
      guard shift < 63 || byte < 2 else { return nil }
      value |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
    return nil
  }

  /// Decodes a record; `count` grows where it is an event.
  @inline(__always)
  private mutating func decode(
    _ cursor: inout UnsafeMutablePointer<UInt8>, _ event: inout HeapEvent, _ count: inout Int,
    _ sites: UInt64
  ) -> StaticString? {
    let first = unsafe cursor.pointee
    unsafe cursor += 1
    guard first & TraceFormat.reserved == 0,
      let operation = HeapOperation(rawValue: first & TraceFormat.operationMask)
    else { return "no record begins with this byte" }
    let isNull = first & TraceFormat.isNull != 0
    event.operation = operation
    event.thread = thread
    event.isNull = isNull
    event.alignment = 0
    event.address = 0
    event.slot = HeapEvent.noSlot
    event.source = HeapEvent.noSlot
    let longNumber: StaticString = "a number exceeds 64 bits"
    switch operation {
    case .free:
      event.size = 0
      event.site = 0
      if !isNull {
        guard let slot = unsafe Self.leb(&cursor) else { return longNumber }
        guard slot < UInt64(slots.count), slots.release(UInt32(truncatingIfNeeded: slot)) else {
          return "an object is freed that does not live"
        }
        event.slot = UInt32(truncatingIfNeeded: slot)
      }
    case .malloc, .calloc, .valloc, .pvalloc:
      guard let size = unsafe Self.leb(&cursor) else { return longNumber }
      event.size = size
    case .memalign, .alignedAlloc, .posixMemalign:
      guard let alignment = unsafe Self.leb(&cursor), let size = unsafe Self.leb(&cursor) else {
        return longNumber
      }
      event.alignment = alignment
      event.size = size
    case .realloc:
      guard let source = unsafe Self.leb(&cursor), let size = unsafe Self.leb(&cursor) else {
        return longNumber
      }
      event.size = size
      if source != 0 {
        let slot = UInt32(clamping: source - 1)
        guard slots.isLive(slot) else { return "an object is resized that does not live" }
        event.source = slot
        event.slot = slot
        if isNull && size == 0 { _ = slots.release(slot) }
      }
    case .time, .trim, .thread, .freeUnknown:
      guard let number = unsafe Self.leb(&cursor) else { return longNumber }
      event.site = 0
      event.size = number
      if operation == .freeUnknown {
        event.address = number
        event.size = 0
      }
      if operation == .thread {
        guard number < 1 << 16 else { return "more than 65536 threads" }
        thread = UInt32(number)
        threads = max(threads, thread + 1)
        return nil
      }
    case .threadEnd:
      event.size = 0
      event.site = 0
    }
    if operation.allocates {
      if first & TraceFormat.hasSite != 0 {
        guard let number = unsafe Self.leb(&cursor), number <= sites else {
          return "a site that was not told"
        }
        site = UInt32(truncatingIfNeeded: number)
      }
      event.site = site
      if first & TraceFormat.hasAddress != 0 {
        guard let coded = unsafe Self.leb(&cursor) else { return longNumber }
        lastAddress &+= coded &>> 1 ^ (0 &- (coded & 1))
        event.address = lastAddress
      }
      if event.slot == HeapEvent.noSlot && !isNull {
        guard let slot = slots.take() else { return "more than 2³¹ live objects" }
        event.slot = slot
      }
    }
    if operation.isCall {
      guard callsLeft > 0 else { return "a chunk has more calls than it says" }
      callsLeft &-= 1
      calls &+= 1
    }
    count &+= 1
    return nil
  }
}
