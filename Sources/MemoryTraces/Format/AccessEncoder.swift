import HardwareModel
import TraceFiles

/// The accesses of a chunk, from records to bytes; ``AccessDecoder`` is the other way.
@safe
final class AccessEncoder {
  private let operations = ByteBuffer(capacity: 1 << 12)
  /// SAFETY: owned; room for a byte each of `recordLimit` records, and for the 9 bytes that one takes
  /// at most, with what storing 8 at once may write behind them.
  private let control: UnsafeMutablePointer<UInt8>
  private let payload: UnsafeMutablePointer<UInt8>
  private var controls = 0
  private var bytes = 0

  init() {
    unsafe control = .allocate(capacity: MemoryTraceFormat.recordLimit)
    unsafe payload = .allocate(capacity: MemoryTraceFormat.recordLimit * 9 + 8)
  }

  deinit {
    unsafe control.deallocate()
    unsafe payload.deallocate()
  }

  /// Appends the records' three streams, and tells how long each is.
  func encode(
    _ records: UnsafeMutablePointer<AccessRecord>, _ count: Int, into target: ByteBuffer
  ) -> (operations: Int, control: Int, payload: Int) {
    // SAFETY: an AccessRecord is one UInt64.
    let words = unsafe UnsafeMutableRawPointer(records).assumingMemoryBound(to: UInt64.self)
    operations.removeAll()
    (controls, bytes) = (0, 0)
    unsafe withUnsafeTemporaryAllocation(
      of: UInt64.self, capacity: MemoryTraceFormat.contexts
    ) { last in
      for context in 0..<MemoryTraceFormat.contexts {
        unsafe last[context] = MemoryTraceFormat.beginning(context)
      }
      unsafe encode(words, count, last)
    }
    operations.copy(to: target)
    unsafe target.append(control, controls)
    unsafe target.append(payload, bytes)
    return (operations.count, controls, bytes)
  }

  private func encode(
    _ words: UnsafeMutablePointer<UInt64>, _ count: Int,
    _ last: UnsafeMutableBufferPointer<UInt64>
  ) {
    var control = unsafe self.control
    var payload = unsafe self.payload
    var single = 0
    var index = 0
    var period = 1
    while index < count {
      let length = unsafe run(words, index, count, &period)
      guard length > 0 else {
        unsafe Self.encode(words[index], last, &control, &payload)
        single += 1
        index += 1
        continue
      }
      if single > 0 { operations.append(number: UInt64(single) << 1) }
      single = 0
      operations.append(number: UInt64(length) << 1 | 1)
      operations.append(number: UInt64(period))
      for place in 0..<period {
        let stride = unsafe words[index + place] &- words[index + place - period]
        operations.append(number: Self.zigzag(stride))
      }
      index += length
      for place in index - period..<index {
        let record = unsafe words[place]
        unsafe last[MemoryTraceFormat.kind(record)] = record
      }
    }
    if single > 0 { operations.append(number: UInt64(single) << 1) }
    controls = unsafe control - self.control
    bytes = unsafe payload - self.payload
  }

  @inline(__always) private static func zigzag(_ difference: UInt64) -> UInt64 {
    difference &<< 1 ^ UInt64(bitPattern: Int64(bitPattern: difference) &>> 63)
  }

  /// How many records from `index` on are periodic; `period` is the one tried first, and found.
  @inline(__always) private func run(
    _ words: UnsafeMutablePointer<UInt64>, _ index: Int, _ count: Int, _ period: inout Int
  ) -> Int {
    // The usual period is one of a few, so each of them is asked with one comparison.
    for candidate in 0...MemoryTraceFormat.periodLimit {
      let tried = candidate == 0 ? period : candidate
      guard index >= tried, index &+ tried < count else {
        if candidate == 0 { continue }
        return 0
      }
      let stride = unsafe words[index] &- words[index &- tried]
      guard unsafe words[index &+ tried] &- words[index] == stride else { continue }
      let length = unsafe periodic(words, index, count, tried)
      if length >= max(MemoryTraceFormat.runMinimum, tried * 2) {
        period = tried
        return length
      }
    }
    return 0
  }

  private func periodic(
    _ words: UnsafeMutablePointer<UInt64>, _ index: Int, _ count: Int, _ period: Int
  ) -> Int {
    // The first `period` records have any stride; those behind them the same.
    var end = index &+ period
    while end < count,
      unsafe words[end] &- words[end &- period]
        == words[end &- period] &- words[end &- period &* 2]
    {
      end &+= 1
    }
    return end &- index
  }

  /// A record by itself, as the difference to the nearer of its kind's two contexts.
  @inline(__always) private static func encode(
    _ record: UInt64, _ last: UnsafeMutableBufferPointer<UInt64>,
    _ control: inout UnsafeMutablePointer<UInt8>, _ payload: inout UnsafeMutablePointer<UInt8>
  ) {
    let kind = MemoryTraceFormat.kind(record)
    let near = unsafe difference(record, last[kind])
    let far = unsafe difference(record, last[kind | 8])
    let isFar = far < near
    let context = isFar ? kind | 8 : kind
    let before = unsafe last[context]
    var byte = kind | (isFar ? MemoryTraceFormat.otherContext : 0)
    if (record ^ before) & MemoryTraceFormat.sizeMask != 0 {
      byte |= MemoryTraceFormat.hasSize
      unsafe payload.pointee =
        UInt8(truncatingIfNeeded: (record &>> MemoryTraceFormat.sizeShift) & 127)
      unsafe payload += 1
    }
    let coded = isFar ? far : near
    let bits = 64 &- coded.leadingZeroBitCount
    // 0, 1, 2, 3, 4, 5, 6 and 8 bytes.
    let width = (bits &+ 7) &>> 3
    let code = width > 6 ? 7 : width
    byte |= code &<< MemoryTraceFormat.widthShift
    unsafe control.pointee = UInt8(truncatingIfNeeded: byte)
    unsafe control += 1
    unsafe UnsafeMutableRawPointer(payload).storeBytes(of: coded.littleEndian, as: UInt64.self)
    unsafe payload += code == 7 ? 8 : width
    unsafe last[context] = record
  }

  /// The difference of two addresses, as it is written.
  @inline(__always) private static func difference(_ record: UInt64, _ before: UInt64) -> UInt64 {
    let same = before & ~MemoryTraceFormat.sizeMask | record & MemoryTraceFormat.sizeMask
    return zigzag(record &- same)
  }
}
