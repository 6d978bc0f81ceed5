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
