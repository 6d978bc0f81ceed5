import TraceFiles

/// The events of a chunk as bytes: the distance to the event before in accesses, the kind, its words.
enum EventCoding {
  static func append(_ event: MemoryTraceEvent, after position: Int, to target: ByteBuffer) {
    target.append(number: UInt64(event.position - position))
    target.append(event.kind.rawValue)
    let words = [event.a, event.b, event.c, event.d, event.e, event.f, event.g]
    for word in words.prefix(event.kind.words) { target.append(number: word) }
  }

  /// The events of a chunk with so many accesses; tells what is wrong.
  static func decode(
    _ bytes: UnsafePointer<UInt8>, _ length: Int, accesses: Int, version: UInt16,
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
      let words =
        version < MemoryTraceFormat.descriptorVersion ? kind.wordsOfFirstVersion : kind.words
      for index in 0..<words {
        guard let word = unsafe LEB.number(&at, end) else { return "an event is cut off" }
        switch index {
        case 0: event.a = word
        case 1: event.b = word
        case 2: event.c = word
        case 3: event.d = word
        case 4: event.e = word
        case 5: event.f = word
        default: event.g = word
        }
      }
      if kind == .invalidate && event.invalidation == nil { return "an invalidation of no kind" }
      events.append(event)
    }
    return nil
  }

  /// Descriptors as a chunk of their own has them: the distance to the one before, and the word.
  static func append(_ descriptors: [MemoryTraceEvent], to target: ByteBuffer) {
    var before: UInt64 = 0
    for event in descriptors {
      let distance = event.a &- before
      target.append(number: distance &<< 1 ^ UInt64(bitPattern: Int64(bitPattern: distance) &>> 63))
      target.append(number: event.b)
      before = event.a
    }
  }

  /// The descriptors of a chunk; tells what is wrong.
  static func decodeDescriptors(
    _ bytes: UnsafePointer<UInt8>, _ length: Int, count: Int, into events: inout [MemoryTraceEvent]
  ) -> StaticString? {
    var at = unsafe bytes
    let end = unsafe bytes + length
    var before: UInt64 = 0
    for _ in 0..<count {
      guard let distance = unsafe LEB.number(&at, end), let word = unsafe LEB.number(&at, end)
      else { return "a descriptor is cut off" }
      before = before &+ (distance &>> 1 ^ (0 &- (distance & 1)))
      events.append(MemoryTraceEvent(.descriptor, before, word))
    }
    return unsafe at == end ? nil : "a chunk has fewer descriptors than it has bytes for"
  }
}
