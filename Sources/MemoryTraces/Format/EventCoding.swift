import TraceFiles

/// The events of a chunk as bytes: the distance to the event before in accesses, the kind, its words.
enum EventCoding {
  static func append(_ event: MemoryTraceEvent, after position: Int, to target: ByteBuffer) {
    target.append(number: UInt64(event.position - position))
    target.append(event.kind.rawValue)
    let words = [event.a, event.b, event.c, event.d]
    for word in words.prefix(event.kind.words) { target.append(number: word) }
  }

  /// The events of a chunk with so many accesses; tells what is wrong.
  static func decode(
    _ bytes: UnsafePointer<UInt8>, _ length: Int, accesses: Int,
    into events: inout [MemoryTraceEvent]
  ) -> StaticString? {
    var at = unsafe bytes
    let end = unsafe bytes + length
    var position: UInt64 = 0
    while unsafe at < end {
      guard let distance = unsafe LEB.number(&at, end), unsafe at < end else {
        return "an event is cut off"
      }
      guard distance <= UInt64(accesses) - position else { return "an event behind the accesses" }
      position += distance
      let kind = unsafe MemoryTraceEvent.Kind(rawValue: at.pointee)
      unsafe at += 1
      guard let kind else { return "an event of no kind that there is" }
      var event = MemoryTraceEvent(kind, position: Int(position))
      for index in 0..<kind.words {
        guard let word = unsafe LEB.number(&at, end) else { return "an event is cut off" }
        switch index {
        case 0: event.a = word
        case 1: event.b = word
        case 2: event.c = word
        default: event.d = word
        }
      }
      if kind == .invalidate && event.invalidation == nil { return "an invalidation of no kind" }
      events.append(event)
    }
    return nil
  }
}
