import BoardFormat
import MemoryTypes

/// A line of the kernel's log, put together in place and sent as one frame.
struct LogLine: ~Copyable {
  private var bytes: InlineArray<256, UInt8> = .init(repeating: 0)
  private var count = 0

  init(_ text: StaticString) { add(text) }

  mutating func add(byte: UInt8) {
    guard count < 255 else { return }
    bytes[count] = byte
    count &+= 1
  }

  mutating func add(_ text: StaticString) {
    for i in 0..<text.utf8CodeUnitCount { unsafe add(byte: text.utf8Start[i]) }
  }

  mutating func add(bytes start: UnsafePointer<UInt8>, _ length: Int) {
    for i in 0..<length { unsafe add(byte: start[i]) }
  }

  /// A number in decimal.
  mutating func add(_ value: UInt64) {
    if value >= 10 { add(value / 10) }
    add(byte: 0x30 &+ UInt8(truncatingIfNeeded: value % 10))
  }

  /// A number in hexadecimal, with at least `digits` digits.
  mutating func add(hex value: UInt64, digits: Int = 1) {
    if value >= 16 || digits > 1 { add(hex: value &>> 4, digits: digits &- 1) }
    let digit = UInt8(truncatingIfNeeded: value & 15)
    add(byte: digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
  }

  /// Sends the line and ends it.
  consuming func send() {
    bytes[count] = 0x0A
    let length = count &+ 1
    let span = bytes.span
    unsafe span.withUnsafeBufferPointer { buffer in
      unsafe VirtBoard().write(
        .log, UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<length]))
    }
  }
}
