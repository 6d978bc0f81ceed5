import Arm64
import BoardFormat
public import Files
import MemoryTypes

/// A line of the kernel's log while it is put together; what does not fit is cut off.
public struct LogLine {
  private var bytes: InlineArray<256, UInt8> = .init(repeating: 0)
  private var count = 0

  public init() {}

  public mutating func append(_ text: ByteString) {
    for index in 0..<text.count { append(byte: text[index]) }
  }

  public mutating func append(_ name: TaskName) {
    for index in 0..<name.count { append(byte: name.bytes[index]) }
  }

  public mutating func append(byte: UInt8) {
    // The last place is the newline's.
    guard count < 255 else { return }
    bytes[count] = byte
    count &+= 1
  }

  /// A number in decimal.
  public mutating func append(decimal value: UInt64) {
    var power: UInt64 = 1
    while value / power >= 10 { power &*= 10 }
    while power > 0 {
      append(byte: 0x30 &+ UInt8(truncatingIfNeeded: (value / power) % 10))
      power /= 10
    }
  }

  /// A number in hexadecimal with `0x`.
  public mutating func append(hexadecimal value: UInt64) {
    append("0x")
    var shift = value == 0 ? 0 : UInt64(63 &- value.leadingZeroBitCount) & ~3
    while true {
      let digit = UInt8(truncatingIfNeeded: (value &>> shift) & 15)
      append(byte: digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
      if shift == 0 { return }
      shift &-= 4
    }
  }

  /// Ends the line and sends it.
  mutating func send<B: Processor>(_ board: B) {
    bytes[count] = 0x0a
    let length = count &+ 1
    let span = bytes.span
    // SAFETY: the bytes are this value's, and are only read.
    unsafe span.withUnsafeBytes { bytes in
      unsafe board.write(.log, UnsafeRawBufferPointer(rebasing: bytes.prefix(length)))
    }
  }
}

extension KernelState {
  /// Writes one line to the kernel's log.
  public func log(_ body: (inout LogLine) -> Void) {
    var line = LogLine()
    body(&line)
    line.send(board)
  }
}
