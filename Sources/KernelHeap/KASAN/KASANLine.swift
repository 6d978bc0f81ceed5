import MemoryTypes

/// A line of a report, put together in place; what does not fit is cut off.
struct KASANLine: ~Copyable {
  let resident = Resident()
  private var bytes: InlineArray<256, UInt8> = .init(repeating: 0)
  private var count = 0

  init(_ text: StaticString) { add(text) }

  mutating func add(byte: UInt8) {
    guard count < 256 else { return }
    bytes[count] = byte
    count &+= 1
  }

  mutating func add(_ text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount { unsafe add(byte: text.utf8Start[index]) }
  }

  mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
    for index in 0..<text.count { unsafe add(byte: text[index]) }
  }

  /// A number in decimal.
  mutating func add(_ value: UInt64) {
    if value >= 10 { add(value / 10) }
    add(byte: 0x30 &+ UInt8(truncatingIfNeeded: value % 10))
  }

  /// A number in hexadecimal, of so many digits.
  mutating func add(hex value: UInt64, digits: Int) {
    if digits > 1 { add(hex: value &>> 4, digits: digits &- 1) }
    let digit = UInt8(truncatingIfNeeded: value & 15)
    add(byte: digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
  }

  /// An address as `%px`.
  mutating func add(address: UInt64) { add(hex: address, digits: 16) }

  /// An address as `%pS`.
  mutating func add(symbol address: UInt64, _ environment: KASANEnvironment) {
    unsafe fill { unsafe environment.symbol(environment.context, address, $0, $1) }
  }

  /// The current task as `name/number`.
  mutating func addTask(_ environment: KASANEnvironment) {
    unsafe fill { unsafe environment.command(environment.context, $0, $1) }
    add("/")
    add(UInt64(environment.currentTask))
  }

  mutating func addArea(_ address: UInt64, _ environment: KASANEnvironment) {
    unsafe fill { unsafe environment.area(environment.context, address, $0, $1) }
  }

  /// Lets a function write behind what is there; it says how much it wrote.
  private mutating func fill(_ body: (UnsafeMutablePointer<UInt8>, Int) -> Int) {
    let start = count
    var span = bytes.mutableSpan
    let written = unsafe span.withUnsafeMutableBufferPointer { buffer in
      guard start < buffer.count else { return 0 }
      return unsafe body(buffer.baseAddress.unsafelyUnwrapped + start, buffer.count &- start)
    }
    count = min(start &+ max(written, 0), 256)
  }

  borrowing func send(_ environment: KASANEnvironment) {
    let length = count
    let span = bytes.span
    unsafe span.withUnsafeBufferPointer { buffer in
      unsafe environment.line(
        environment.context, buffer.baseAddress.unsafelyUnwrapped, length)
    }
  }
}
