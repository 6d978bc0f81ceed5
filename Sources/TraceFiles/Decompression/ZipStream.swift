import CompressionLibraries

/// The members of a ZIP archive, one behind the other, in the order of the file.
///
/// Each begins with a header of its own (APPNOTE.TXT 4.3.7), and what deflate packed ends by itself,
/// so the archive is read from front to back and its directory, at the end, is not needed.
@safe
final class ZipStream {
  let input = CompressedBytes()
  private let inflater = Inflater(.none)
  private var member = Member.none
  private var sum: UInt = 0
  private var told: UInt32 = 0
  private var hasDescriptor = false
  private var isEnded = false

  private enum Member {
    case none
    case deflated
    case stored(left: UInt64)
  }

  func read(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer)
    throws(StreamDecoder.Failure) -> Int
  {
    while true {
      var count = 0
      switch member {
      case .none:
        if isEnded { return 0 }
        try begin(descriptor)
        continue
      case .deflated: count = unsafe try inflateSome(descriptor, into: room)
      case .stored(let left): count = unsafe try copySome(descriptor, left, into: room)
      }
      guard count > 0 else { continue }
      return count
    }
  }

  private func note(_ room: UnsafeMutableRawBufferPointer, _ count: Int) {
    let bytes = unsafe room.baseAddress?.assumingMemoryBound(to: UInt8.self)
    sum = unsafe crc32(sum, bytes, UInt32(count))
  }

  private func inflateSome(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer)
    throws(StreamDecoder.Failure) -> Int
  {
    guard try input.fill(descriptor) else { throw .truncated }
    let (count, isEnded) = unsafe try inflater.read(input, into: room)
    unsafe note(room, count)
    if isEnded { try end(descriptor) }
    return count
  }

  private func copySome(
    _ descriptor: Int32, _ left: UInt64, into room: UnsafeMutableRawBufferPointer
  ) throws(StreamDecoder.Failure) -> Int {
    guard left > 0 else {
      try end(descriptor)
      return 0
    }
    guard try input.fill(descriptor) else { throw .truncated }
    let count = min(input.end - input.at, room.count, Int(clamping: left))
    unsafe room.copyMemory(
      from: UnsafeRawBufferPointer(start: input.bytes + input.at, count: count))
    unsafe note(room, count)
    input.at += count
    member = .stored(left: left - UInt64(count))
    return count
  }

  // MARK: headers

  private func header(_ count: Int, _ descriptor: Int32) throws(StreamDecoder.Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard try input.take(count, from: descriptor, { bytes[$0] = $1 }) else { throw .truncated }
    return bytes
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) }
  }

  /// A member's header; the directory behind the last is the end.
  private func begin(_ descriptor: Int32) throws(StreamDecoder.Failure) {
    let mark = try header(4, descriptor)
    // The directory, its end, and ZIP64's end: no members follow.
    let ends: [[UInt8]] = [[0x50, 0x4b, 1, 2], [0x50, 0x4b, 5, 6], [0x50, 0x4b, 6, 6]]
    if ends.contains(mark) {
      isEnded = true
      return
    }
    guard mark == [0x50, 0x4b, 3, 4] else { throw .corrupt("no member of a ZIP begins here") }
    let fields = try header(26, descriptor)
    let flags = Self.number(fields, 2, 2)
    let method = Self.number(fields, 4, 2)
    var size = Self.number(fields, 14, 4)
    guard flags & 1 == 0 else { throw .unsupported("an encrypted ZIP") }
    _ = try header(Int(Self.number(fields, 22, 2)), descriptor)
    let extra = try header(Int(Self.number(fields, 24, 2)), descriptor)
    if size == 0xffff_ffff { size = Self.longSize(extra) ?? size }
    hasDescriptor = flags & 8 != 0
    told = UInt32(truncatingIfNeeded: Self.number(fields, 10, 4))
    sum = 0
    switch method {
    case 8: member = .deflated
    case 0:
      guard !hasDescriptor else { throw .unsupported("a stored member of a ZIP without its size") }
      member = .stored(left: size)
    default: throw .unsupported("method \(method) of ZIP; stored and deflated are known")
    }
  }

  /// The packed size of a ZIP64 header: the second number of field 1 (APPNOTE.TXT 4.5.3).
  private static func longSize(_ extra: [UInt8]) -> UInt64? {
    var at = 0
    while at + 4 <= extra.count {
      let length = Int(number(extra, at + 2, 2))
      if number(extra, at, 2) == 1, length >= 16, at + 20 <= extra.count {
        return number(extra, at + 12, 8)
      }
      at += 4 + length
    }
    return nil
  }

  /// What follows a member that did not know its sizes when it began: mark, sum, and sizes of 4 or 8
  /// bytes, which is not said.
  private func end(_ descriptor: Int32) throws(StreamDecoder.Failure) {
    member = .none
    if hasDescriptor {
      let fields = try header(16, descriptor)
      guard fields.starts(with: [0x50, 0x4b, 7, 8]) else {
        throw .corrupt("a member of a ZIP ends without its sum")
      }
      told = UInt32(truncatingIfNeeded: Self.number(fields, 4, 4))
      // Both sizes have 8 bytes where the next mark does not follow.
      guard try input.fill(descriptor) else { throw .truncated }
      if unsafe input.available.first != 0x50 { _ = try header(8, descriptor) }
    }
    guard told == UInt32(truncatingIfNeeded: sum) else {
      throw .corrupt("a member of a ZIP does not have the sum that it says")
    }
  }
}
