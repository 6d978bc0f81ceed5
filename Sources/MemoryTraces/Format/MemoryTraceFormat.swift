/// The bytes of Kilburn's own trace of accesses; `Documentation/MemoryTrace.md` describes them.
enum MemoryTraceFormat {
  static var magic: [UInt8] { Array("KLBMEMT\n".utf8) }
  /// What is written; 1 is read, too.
  static var version: UInt16 { 2 }
  /// From here on a system call has six arguments, and descriptors are told in chunks of their own.
  static var descriptorVersion: UInt16 { 2 }
  static var headerSize: Int { 16 }
  static var chunkHeaderSize: Int { 40 }
  /// No chunk is longer, stored or not.
  static var chunkLimit: Int { 1 << 22 }
  /// The accesses of a chunk.
  static var recordLimit: Int { MemoryTraceBatch.capacity }
  /// A chunk is closed when its events have this many bytes.
  static var eventBytes: Int { 1 << 18 }
  /// The lengths that a chunk of accesses begins with.
  static var lengthsSize: Int { 16 }
  /// What a reader may read behind what is there: the widest number.
  static var slack: Int { 16 }
  /// The end's content, and with its header the last bytes of a whole file.
  static var endSize: Int { 24 }

  enum ChunkKind: UInt8 {
    case facts = 0x4d
    case accesses = 0x41
    case descriptors = 0x44
    case index = 0x49
    case end = 0x5a
  }

  /// The first bytes of a chunk.
  struct ChunkHeader {
    var kind: UInt8
    var isCompressed: Bool
    var storedLength: UInt32
    var length: UInt32
    /// How many accesses or descriptors it has; of an index, how many chunks.
    var count: UInt32
    /// The number of its first access, from 0; of descriptors, how many accesses come before them.
    var first: UInt64
    /// The instructions that were executed before it.
    var instructions: UInt64
    /// Of what is stored as it is: zstd has a sum of its own.
    var sum: UInt64
  }

  /// A chunk of the index: where it begins, its first access, the instructions before it.
  struct IndexEntry {
    var offset: UInt64
    var first: UInt64
    var instructions: UInt64
    /// Bit 63 of the offset.
    var isDescriptors = false
  }

  static var indexEntrySize: Int { 24 }
  static var descriptorsBit: UInt64 { 1 &<< 63 }

  /// The sum of bytes that are stored as they are: a word of 8 at a time, the last one filled up with
  /// zeros.
  static func sum(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    var sum: UInt64 = 0
    func add(_ word: UInt64) {
      let mixed = sum ^ word
      sum = (mixed &<< 29 | mixed &>> 35) &* 0x9E37_79B9_7F4A_7C15
    }
    let whole = count & ~7
    for offset in stride(from: 0, to: whole, by: 8) {
      let word = unsafe UnsafeRawPointer(bytes + offset).loadUnaligned(as: UInt64.self)
      add(word.littleEndian)
    }
    var rest: UInt64 = 0
    for offset in whole..<count {
      rest |= UInt64(unsafe bytes[offset]) &<< UInt64((offset - whole) * 8)
    }
    if count > whole { add(rest) }
    return sum
  }

  // A byte of control: which context a difference is to, how many bytes it has, whether a size
  // stands before it.
  static var kindMask: Int { 7 }
  static var widthShift: Int { 3 }
  static var hasSize: Int { 0x40 }
  static var otherContext: Int { 0x80 }
  /// Bytes by the three bits of a width.
  static var widths: UInt64 { 0x8654_3210 }
  /// Contexts: two of each kind and privilege.
  static var contexts: Int { 16 }

  /// The longest period of a run.
  static var periodLimit: Int { 16 }
  /// Runs are at least so long; what is shorter costs no more as it is.
  static var runMinimum: Int { 12 }

  /// The kind and privilege of a record as a number below 8.
  @inline(__always) static func kind(_ record: UInt64) -> Int {
    Int(truncatingIfNeeded: (record &>> 60) & 3 | (record &>> 61) & 4)
  }

  /// The record that a context of a kind begins with.
  @inline(__always) static func beginning(_ context: Int) -> UInt64 {
    let kind = UInt64(truncatingIfNeeded: context & 7)
    return (kind & 3) &<< 60 | (kind & 4) &<< 61
  }

  /// The bits that are a record's size.
  static var sizeMask: UInt64 { 127 &<< 53 }
  static var sizeShift: UInt64 { 53 }
  /// What no record has.
  static var reserved: UInt64 { 1 &<< 62 }
}
