public import Files
public import MemoryTypes

/// The names of the machine that programs may change: what `uname` calls it and its domain, and
/// where cores would be written.
public struct SystemNames: BitwiseCopyable, Sendable {
  public var node = ChangeableName(SystemName.node)
  public var domain = ChangeableName(SystemName.domain)
  public var corePattern = ChangeableName("core")

  init() {}
}

/// A name of at most 127 bytes.
public struct ChangeableName: BitwiseCopyable, Sendable {
  /// The bytes, and zeros behind them.
  public private(set) var bytes = InlineArray<128, UInt8>(repeating: 0)
  public private(set) var count = 0

  init(_ text: StaticString) {
    // SAFETY: the literal's bytes.
    set(
      unsafe ByteString(
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)),
      limit: 127)
  }

  /// A field of `struct utsname`: 65 bytes.
  public var field: InlineArray<65, UInt8> {
    var field = InlineArray<65, UInt8>(repeating: 0)
    for index in 0..<64 { field[index] = bytes[index] }
    return field
  }

  /// Takes the first bytes, up to a limit, a zero or the end of the line (proc_dostring()).
  public mutating func set(_ text: ByteString, limit: Int) {
    self.bytes = InlineArray<128, UInt8>(repeating: 0)
    count = 0
    while count < min(text.count, limit, 127), text[count] != 0, text[count] != 0x0A {
      bytes[count] = text[count]
      count &+= 1
    }
  }

  /// Takes bytes as they are; zeros end the name, but may lie in it.
  public mutating func set(count newCount: Int, _ byte: (Int) throws(Errno) -> UInt8) throws(Errno)
  {
    var new = InlineArray<128, UInt8>(repeating: 0)
    for index in 0..<min(newCount, 127) { new[index] = try byte(index) }
    bytes = new
    count = 0
    while count < 127, bytes[count] != 0 { count &+= 1 }
  }
}
