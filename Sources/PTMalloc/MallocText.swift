/// Where the texts of `malloc_info` and `malloc_stats` go, byte by byte.
public protocol MallocTextSink: ~Copyable {
  mutating func write(_ byte: UInt8)
}

extension MallocTextSink where Self: ~Copyable {
  mutating func write(_ text: StaticString) {
    text.withUTF8Buffer { bytes in
      for index in 0..<bytes.count { unsafe write(bytes[index]) }
    }
  }

  /// A decimal number, at least `width` wide.
  mutating func write(_ number: UInt64, width: Int = 0) {
    var digits: InlineArray<20, UInt8> = InlineArray(repeating: 0)
    var count = 0
    var rest = number
    repeat {
      digits[count] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
      count += 1
    } while rest != 0
    var blanks = count
    while blanks < width {
      write(UInt8(ascii: " "))
      blanks += 1
    }
    while count > 0 {
      count -= 1
      write(digits[count])
    }
  }

  /// An int as %d.
  mutating func write(_ number: Int32) {
    if number < 0 { write(UInt8(ascii: "-")) }
    write(UInt64(number.magnitude))
  }
}
