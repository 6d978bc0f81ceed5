/// The bytes of Kilburn's own heap trace; `Documentation/HeapTrace.md` describes them.
package enum TraceFormat {
  package static var magic: [UInt8] { Array("KLBHEAP\n".utf8) }
  package static var version: UInt16 { 1 }
  package static var headerSize: Int { 16 }
  static var chunkHeaderSize: Int { 24 }
  /// No chunk is longer, stored or not.
  static var chunkLimit: Int { 1 << 22 }
  /// A chunk of events is closed when it has this many bytes.
  static var chunkSize: Int { 1 << 18 }
  /// The longest record: an operation and four numbers.
  static var recordLimit: Int { 48 }

  /// What a chunk holds.
  enum ChunkKind: UInt8 {
    case facts = 0x4d
    case sites = 0x54
    case events = 0x45
    case end = 0x5a
  }

  /// What a record of a chunk of sites tells.
  enum SiteRecord: UInt8 {
    case string = 1
    case frame = 2
    case stack = 3
  }

  // An event's byte: the operation, and what follows it.
  static var operationMask: UInt8 { 0x0f }
  static var hasSite: UInt8 { 0x10 }
  static var hasAddress: UInt8 { 0x20 }
  static var isNull: UInt8 { 0x80 }
  static var reserved: UInt8 { 0x40 }

  /// The first bytes of a chunk.
  struct ChunkHeader {
    var kind: UInt8
    var isCompressed: Bool
    var storedLength: UInt32
    var length: UInt32
    /// How many calls it has, and the number of its first; 0 where it has none.
    var count: UInt32
    var first: UInt64
  }
}

/// Bytes that grow at their end, with the numbers of the format.
@safe
final class ByteBuffer {
  /// SAFETY: `capacity` bytes, owned; `count` of them are set.
  private(set) var bytes: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int) {
    self.capacity = capacity
    unsafe bytes = .allocate(capacity: capacity)
  }

  deinit { unsafe bytes.deallocate() }

  var raw: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: bytes, count: count) }

  func removeAll() { count = 0 }

  /// Room for so many more bytes, which `set(count:)` then tells.
  func room(_ more: Int) -> UnsafeMutablePointer<UInt8> {
    if count + more > capacity {
      capacity = (count + more) * 2
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
      unsafe larger.initialize(from: bytes, count: count)
      unsafe bytes.deallocate()
      unsafe bytes = larger
    }
    return unsafe bytes + count
  }

  func set(count: Int) {
    precondition(count >= 0 && count <= capacity)
    self.count = count
  }

  @inline(__always)
  func append(_ byte: UInt8) {
    unsafe room(1).pointee = byte
    count &+= 1
  }

  /// Appends a number in groups of seven bits, least significant first.
  @inline(__always)
  func append(number: UInt64) {
    let start = unsafe room(10)
    var at = unsafe start
    var rest = number
    while rest > 0x7f {
      unsafe at.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
      unsafe at += 1
      rest &>>= 7
    }
    unsafe at.pointee = UInt8(truncatingIfNeeded: rest)
    count &+= unsafe at - start + 1
  }

  /// Appends a number of fixed width, least significant byte first.
  func append<T: FixedWidthInteger>(fixed number: T) {
    for shift in 0..<MemoryLayout<T>.size {
      append(UInt8(truncatingIfNeeded: number >> T(shift * 8)))
    }
  }

  func append(_ text: some Sequence<UInt8>) {
    for byte in text { append(byte) }
  }
}
