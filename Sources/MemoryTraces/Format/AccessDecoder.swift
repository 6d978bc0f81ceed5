import HardwareModel
import TraceFiles

/// The accesses of a chunk, from bytes to records: the loops that decide over the speed of reading.
///
/// Three streams: operations (so many single records, or a run), the control bytes of single records,
/// and what these say of differences. A run is periodic: each record is the one a period before it,
/// plus the stride of its place in the period.
@safe
struct AccessDecoder {
  /// SAFETY: the streams are parts of one buffer with `slack` bytes behind it that may be read;
  /// every loop checks that it stays within its own stream.
  private var operations: UnsafePointer<UInt8>
  private let operationsEnd: UnsafePointer<UInt8>
  private var control: UnsafePointer<UInt8>
  private let controlEnd: UnsafePointer<UInt8>
  private var payload: UnsafePointer<UInt8>
  private let payloadEnd: UnsafePointer<UInt8>

  init(
    _ bytes: UnsafePointer<UInt8>, operations: Int, control: Int, payload: Int
  ) {
    unsafe self.operations = bytes
    unsafe operationsEnd = bytes + operations
    unsafe self.control = operationsEnd
    unsafe controlEnd = operationsEnd + control
    unsafe self.payload = controlEnd
    unsafe payloadEnd = controlEnd + payload
  }

  /// Decodes so many records, neither more nor fewer; tells what is wrong.
  mutating func decode(_ count: Int, into records: UnsafeMutablePointer<AccessRecord>)
    -> StaticString?
  {
    // SAFETY: an AccessRecord is one UInt64.
    let words = unsafe UnsafeMutableRawPointer(records).assumingMemoryBound(to: UInt64.self)
    return unsafe withUnsafeTemporaryAllocation(
      of: UInt64.self, capacity: MemoryTraceFormat.contexts
    ) { last in
      for context in 0..<MemoryTraceFormat.contexts {
        unsafe last[context] = MemoryTraceFormat.beginning(context)
      }
      guard let contexts = last.baseAddress else { return "no memory" }
      return unsafe decode(count, words, contexts)
    }
  }

  private mutating func decode(
    _ count: Int, _ words: UnsafeMutablePointer<UInt64>, _ last: UnsafeMutablePointer<UInt64>
  ) -> StaticString? {
    var done = 0
    while done < count {
      guard let operation = unsafe LEB.number(&operations, operationsEnd) else {
        return "the accesses of a chunk end before their number"
      }
      let length = Int(truncatingIfNeeded: operation &>> 1)
      guard operation &>> 1 <= UInt64(count &- done), length > 0 else {
        return "a chunk has more accesses than it says"
      }
      if operation & 1 == 0 {
        guard unsafe length <= controlEnd - control else { return "a chunk has too few controls" }
        unsafe singles(length, words + done, last)
        guard unsafe payload <= payloadEnd else { return "an access is cut off" }
      } else if let failure = unsafe run(length, words, done, last) {
        return failure
      }
      done &+= length
    }
    guard unsafe operations == operationsEnd, unsafe control == controlEnd,
      unsafe payload == payloadEnd
    else { return "a chunk has fewer accesses than it has bytes for" }
    return nil
  }

  /// Records by themselves: a byte of control each, and a difference.
  ///
  /// One takes 9 bytes at most, so it is enough to look every few whether there are that many; what
  /// is read beyond the stream, within the slack, is told by the caller.
  private mutating func singles(
    _ count: Int, _ words: UnsafeMutablePointer<UInt64>, _ last: UnsafeMutablePointer<UInt64>
  ) {
    var payload = unsafe self.payload
    let control = unsafe self.control
    let ones: UInt64 = .max
    for index in 0..<count {
      // One that is cut off is told behind the loop; until then nothing beyond the slack is read.
      if unsafe payload > payloadEnd { break }
      let byte = Int(unsafe control[index])
      let context = byte & 7 | (byte &>> 4) & 8
      var from = unsafe last[context]
      if byte & MemoryTraceFormat.hasSize != 0 {
        let size = UInt64(unsafe payload.pointee & 127)
        unsafe payload += 1
        from = from & ~MemoryTraceFormat.sizeMask | size &<< MemoryTraceFormat.sizeShift
      }
      let width = (MemoryTraceFormat.widths &>> UInt64((byte &>> 1) & 28)) & 15
      let word = unsafe UnsafeRawPointer(payload).loadUnaligned(as: UInt64.self)
      let coded = word.littleEndian & ~((ones &<< (width &* 4)) &<< (width &* 4))
      unsafe payload += Int(truncatingIfNeeded: width)
      let record = from &+ (coded &>> 1 ^ (0 &- (coded & 1)))
      unsafe last[context] = record
      unsafe words[index] = record
    }
    unsafe self.payload = payload
    unsafe self.control = control + count
  }

  /// A run of records behind `done` others.
  private mutating func run(
    _ length: Int, _ words: UnsafeMutablePointer<UInt64>, _ done: Int,
    _ last: UnsafeMutablePointer<UInt64>
  ) -> StaticString? {
    guard let told = unsafe LEB.number(&operations, operationsEnd), told >= 1,
      told <= UInt64(MemoryTraceFormat.periodLimit), told <= UInt64(done)
    else { return "a run's period is none" }
    let period = Int(told)
    return unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: period) { strides in
      for place in 0..<period {
        guard let coded = unsafe LEB.number(&operations, operationsEnd) else {
          return "a run is cut off"
        }
        unsafe strides[place] = coded &>> 1 ^ (0 &- (coded & 1))
      }
      unsafe Self.fill(words + done, length, period, strides)
      // The contexts go on where the run ends.
      for index in max(done &+ length &- period, 0)..<done &+ length {
        let record = unsafe words[index]
        unsafe last[MemoryTraceFormat.kind(record)] = record
      }
      return nil
    }
  }

  @inline(__always) private static func fill(
    _ words: UnsafeMutablePointer<UInt64>, _ length: Int, _ period: Int,
    _ strides: UnsafeMutableBufferPointer<UInt64>
  ) {
    // Place by place: each has its own sum, so none waits for another's store.
    for place in 0..<min(period, length) {
      var record = unsafe words[place &- period]
      let stride = unsafe strides[place]
      var index = place
      while index < length {
        record &+= stride
        unsafe words[index] = record
        index &+= period
      }
    }
  }
}

/// Numbers in groups of seven bits, least significant first.
enum LEB {
  /// Takes a number; nil where it is cut off, or exceeds 64 bits.
  @inline(__always) static func number(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UInt64? {
    guard unsafe at < end else { return nil }
    let first = unsafe at.pointee
    if first < 0x80 {
      unsafe at += 1
      return UInt64(first)
    }
    return unsafe long(&at, end)
  }

  @inline(never) private static func long(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while unsafe at < end {
      let byte = unsafe at.pointee
      unsafe at += 1
      guard shift < 63 || byte < 2 else { return nil }
      value |= UInt64(byte & 0x7f) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
    return nil
  }
}
