extension KernelLog {
  /// What a message is to be.
  public struct Message: BitwiseCopyable {
    public var level: LogLevel
    /// 0 the kernel, 1 and up programs.
    public var facility: UInt16
    /// Nanoseconds since the machine began.
    public var time: UInt64
    /// Goes on with the record before it, if that is open.
    public var continues: Bool

    public init(_ level: LogLevel, facility: UInt16 = 0, time: UInt64, continues: Bool = false) {
      self.level = level
      self.facility = facility
      self.time = time
      self.continues = continues
    }
  }

  /// Adds a message (vprintk_store()).
  ///
  /// A newline at its end closes the record; others are part of the text. What is longer than a
  /// record may be is cut off.
  public mutating func append(_ message: Message, _ text: UnsafeRawBufferPointer) {
    var length = min(text.count, Self.longestText)
    var isClosed = false
    if length > 0, unsafe text[length &- 1] == 0x0A {
      length &-= 1
      isClosed = true
    }
    if message.continues, isOpen, unsafe extend(text, length, closes: isClosed) { return }
    isOpen = false
    var record = LogRecord(
      sequence: nextSequence, time: message.time, length: UInt16(length),
      priority: message.facility &<< 3 | UInt16(message.level.rawValue), isContinued: false,
      isFiller: false)
    // As LOG_CONT stays set in a continuation that found nothing to go on with.
    record.isContinued = message.continues
    makeRoom(record.footprint)
    newest = head
    store(record, at: head)
    unsafe copy(text, length, to: head &+ LogRecord.headerLength)
    head &+= record.footprint
    nextSequence &+= 1
    isOpen = !isClosed
  }

  /// Adds a piece to the open record (prb_reserve_in_last()); false if it does not fit there.
  private mutating func extend(
    _ text: UnsafeRawBufferPointer, _ length: Int, closes: Bool
  ) -> Bool {
    var record = load(at: newest)
    let old = record.footprint
    let end = Int(record.length) &+ length
    guard end <= Self.longestText else { return false }
    record.length = UInt16(end)
    let more = record.footprint &- old
    // In one piece, still.
    guard newest & (size &- 1) &+ record.footprint <= size else { return false }
    release(upTo: head &+ more)
    unsafe copy(
      text, length, to: newest &+ LogRecord.headerLength &+ UInt64(end &- length))
    store(record, at: newest)
    head &+= more
    isOpen = !closes
    return true
  }

  /// Makes the next bytes of the ring free, from ``head`` on, in one piece.
  private mutating func makeRoom(_ bytes: UInt64) {
    let left = size &- head & (size &- 1)
    if left < bytes {
      release(upTo: head &+ left)
      if left >= LogRecord.headerLength {
        store(
          LogRecord(
            sequence: 0, time: 0, length: UInt16(truncatingIfNeeded: left), priority: 0,
            isContinued: false, isFiller: true),
          at: head)
      }
      head &+= left
    }
    release(upTo: head &+ bytes)
  }

  /// Lets the oldest records go until the ring reaches to `end`.
  private mutating func release(upTo end: UInt64) {
    while end &- tail > size {
      var isRecord = false
      tail = place(behind: tail, isRecord: &isRecord)
      if isRecord { firstSequence &+= 1 }
    }
  }

  /// The place behind what lies at a place, and whether that is a record.
  func place(behind place: UInt64, isRecord: inout Bool) -> UInt64 {
    let left = size &- place & (size &- 1)
    guard left >= LogRecord.headerLength else { return place &+ left }
    let record = load(at: place)
    guard !record.isFiller else { return place &+ left }
    isRecord = true
    return place &+ record.footprint
  }

  func load(at place: UInt64) -> LogRecord {
    // SAFETY: records lie in one piece within the ring.
    unsafe ring.load(fromByteOffset: Int(place & (size &- 1)), as: LogRecord.self)
  }

  private func store(_ record: LogRecord, at place: UInt64) {
    // SAFETY: as above.
    unsafe ring.storeBytes(of: record, toByteOffset: Int(place & (size &- 1)), as: LogRecord.self)
  }

  private func copy(_ text: UnsafeRawBufferPointer, _ length: Int, to place: UInt64) {
    guard length > 0, let source = text.baseAddress else { return }
    // SAFETY: room was made for the whole record.
    unsafe (ring + Int(place & (size &- 1))).copyMemory(from: source, byteCount: length)
  }
}
