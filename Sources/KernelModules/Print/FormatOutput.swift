public import Files

/// Where formatted text goes: as much as fits, all of it counted (`snprintf()`).
@safe public struct FormatOutput {
  // SAFETY: the maker keeps `capacity` bytes there.
  private let base: UnsafeMutablePointer<UInt8>?
  private let capacity: Int
  /// The bytes that the text has, whether there was room or not.
  public private(set) var length = 0

  /// Unsafe: there must be so many bytes, or none at nil.
  @unsafe public init(_ base: UnsafeMutablePointer<UInt8>?, capacity: Int) {
    unsafe self.base = base
    self.capacity = unsafe base == nil ? 0 : max(capacity, 0)
  }

  public mutating func append(_ byte: UInt8) {
    if length < capacity, let base = unsafe base { unsafe base[length] = byte }
    length &+= 1
  }

  public mutating func append(_ text: ByteString) {
    for index in 0..<text.count { append(text[index]) }
  }

  public mutating func append(_ text: StaticString) { append(ByteString(text)) }

  public mutating func append(hex value: UInt64, digits: Int = 1) {
    if value >= 16 || digits > 1 { append(hex: value &>> 4, digits: digits &- 1) }
    let digit = UInt8(truncatingIfNeeded: value & 15)
    append(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
  }

  /// Puts so many bytes of one kind behind the text.
  mutating func fill(_ byte: UInt8, _ count: Int) {
    for _ in 0..<max(min(count, 4096), 0) { append(byte) }
  }

  /// Ends it with a zero, over its last byte where there is no room.
  public mutating func terminate() {
    guard capacity > 0, let base = unsafe base else { return }
    unsafe base[min(length, capacity &- 1)] = 0
  }
}
