extension KernelLog {
  /// A closed record, as readers get it; its text is in the ring until something is written.
  @safe public struct Entry: BitwiseCopyable {
    public let sequence: UInt64
    public let time: UInt64
    /// The facility times 8, and the level.
    public let priority: UInt16
    public let isContinued: Bool
    // SAFETY: the bytes of a record in the ring.
    public let text: UnsafeRawBufferPointer
  }

  /// The record with a number, or the oldest if that is gone; nil behind the last closed one
  /// (prb_read_valid()).
  public mutating func entry(_ sequence: UInt64) -> Entry? {
    let wanted = max(sequence, firstSequence)
    guard wanted < endSequence else { return nil }
    var number = firstSequence
    var place = tail
    if foundSequence >= firstSequence, foundSequence <= wanted, foundPlace >= tail {
      number = foundSequence
      place = foundPlace
    }
    while true {
      var isRecord = false
      let next = self.place(behind: place, isRecord: &isRecord)
      if isRecord {
        if number == wanted { break }
        number &+= 1
      }
      place = next
    }
    foundSequence = wanted
    foundPlace = place
    let record = load(at: place)
    let start = Int(place & (size &- 1) &+ LogRecord.headerLength)
    return unsafe Entry(
      sequence: record.sequence, time: record.time, priority: record.priority,
      isContinued: record.isContinued,
      text: UnsafeRawBufferPointer(start: ring + start, count: Int(record.length)))
  }

  /// Checks what the head of this file's type promises; for tests.
  public func checkInvariants() {
    precondition(tail <= head && head &- tail <= size)
    precondition(clearSequence <= nextSequence && readSequence <= nextSequence)
    precondition(shownSequence <= nextSequence)
    var place = tail
    var number = firstSequence
    while place < head {
      var isRecord = false
      let next = self.place(behind: place, isRecord: &isRecord)
      if isRecord {
        precondition(load(at: place).sequence == number)
        number &+= 1
      }
      place = next
    }
    precondition(place == head && number == nextSequence)
  }
}
