public import Files

/// A task's name: at most 15 bytes, the rest zeros.
public struct TaskName: BitwiseCopyable, Sendable {
  public internal(set) var bytes: InlineArray<16, UInt8> = .init(repeating: 0)

  /// The last component of a path, or a name as given, cut at 15 bytes (`__set_task_comm()`).
  public init(_ path: ByteString) {
    var start = 0
    for index in 0..<path.count where path[index] == 0x2f { start = index &+ 1 }
    self.init(exactly: path[start..<path.count])
  }

  /// The first 15 bytes, up to a zero.
  public init(exactly name: ByteString) {
    for index in 0..<min(15, name.count) {
      if name[index] == 0 { break }
      bytes[index] = name[index]
    }
  }

  /// The bytes as `prctl` exchanges them; the last is a zero.
  public init(bytes: InlineArray<16, UInt8>) {
    self.bytes = bytes
    self.bytes[15] = 0
  }

  /// The sixteen bytes as two words.
  public var words: (UInt64, UInt64) {
    var words: (UInt64, UInt64) = (0, 0)
    for index in 0..<8 {
      words.0 |= UInt64(bytes[index]) &<< UInt64(8 &* index)
      words.1 |= UInt64(bytes[index &+ 8]) &<< UInt64(8 &* index)
    }
    return words
  }

  /// The bytes before the zeros.
  public var count: Int {
    var count = 0
    while count < 16 && bytes[count] != 0 { count &+= 1 }
    return count
  }
}
