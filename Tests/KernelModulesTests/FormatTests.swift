import Files
import Testing

@testable import KernelModules

/// printk's formats beside what C's printf and Linux's log say.
@Suite struct FormatTests {
  @Test func numbers() {
    #expect(formatted("%d %i %u", .max, 5, 0xffff_ffff) == "-1 5 4294967295")
    #expect(formatted("%5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42) == "   42|42   |00042|+42| 42")
    #expect(formatted("%x %X %#x %o %#o", 255, 255, 255, 8, 8) == "ff FF 0xff 10 010")
    #expect(
      formatted("%llx %lu %hhd %hd", .max, 1 << 40, 0x1ff, 0x1_8000)
        == "ffffffffffffffff 1099511627776 -1 -32768")
    #expect(formatted("%.3d|%8.3d|%*d|%-*d|", 5, 5, 4, 7, 4, 7) == "005|     005|   7|7   |")
    #expect(formatted("100%% %c", 0x41) == "100% A")
  }

  @Test func pointers() {
    #expect(formatted("%px", 0xffff_0000_1234_5678) == "ffff000012345678")
    #expect(formatted("%p", 0) == "0000000000000000")
    #expect(formatted("%p", 0xffff_0000_1234_5678) != "ffff000012345678")
    #expect(formatted("%p", 0xffff_0000_1234_5678).hasPrefix("00000000"))
    #expect(formatted("%pS|%ps", 0x1000, 0x1000) == "symbol+|symbol")
  }

  @Test func texts() {
    let word = Array("word\0".utf8)
    unsafe word.withUnsafeBufferPointer { word in
      let address = UInt64(UInt(bitPattern: word.baseAddress))
      #expect(
        formatted("%s|%6s|%-6s|%.2s", address, address, address, address) == "word|  word|word  |wo"
      )
      #expect(
        formatted("%*ph|%*phC|%*phN", 4, address, 2, address, 2, address)
          == "77 6f 72 64|77:6f|776f")
    }
    #expect(formatted("%s", 0) == "(null)")
  }

  /// Formats beside what a module printed on Linux 6.1; A is a row of the bytes 0 to 15, B
  /// 2001:db8::abcd, C ::ffff:1.2.3.4, D the words f00000000000000f and 5, E the word 40001000.
  @Test(arguments: linux)
  func asLinux(_ format: String, _ arguments: [Argument], _ expected: String) {
    unsafe Self.rows.withUnsafeBufferPointer { rows in
      let base = UInt64(UInt(bitPattern: rows.baseAddress))
      let values = arguments.map {
        switch $0 {
        case .value(let value): value
        case .row(let index): base + UInt64(index) * 16
        }
      }
      #expect(formatted(format, values) == expected)
    }
  }

  enum Argument: Sendable, ExpressibleByIntegerLiteral {
    case value(UInt64)
    case row(Int)
    init(integerLiteral value: Int64) { self = .value(UInt64(bitPattern: value)) }
    static let a = row(0), b = row(1), c = row(2), d = row(3), e = row(4)
  }

  private static let rows: [UInt8] =
    Array(0..<16) + [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd]
    + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4]
    + [0x0f, 0, 0, 0, 0, 0, 0, 0xf0, 5, 0, 0, 0, 0, 0, 0, 0]
    + [0, 0x10, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

  static let linux: [(String, [Argument], String)] = [
    ("%p|%p", [0, -12], "0000000000000000|fffffffffffffff4"),
    ("%px|%#px", [0x1234, 0x1234], "0000000000001234|0x00000000001234"),
    (
      "%20px|%-20px", [0x1234, 0x1234],
      "                1234|1234                "
    ),
    ("%pe|%pe|%10pe", [-12, -4000, -12], "-12|-4000|       -12"),
    (
      "%s|%s|%s|%10s|%.3s", [0, 10, -10, 0, 0],
      "(null)|(efault)|(efault)|    (null)|(nu"
    ),
    (
      "%ph|%*ph|%*phC|%*phD|%*phN|%0*ph|", [.a, 4, .a, 4, .a, 4, .a, 4, .a, 0, .a],
      "00|00 01 02 03|00:01:02:03|00-01-02-03|00010203||"
    ),
    ("%ph|%*ph", [0, 4, 10], "(null)|(efault)"),
    (
      "%pM|%pm|%pMF|%pMR|%pmR|%20pM|%-20pM|", [.a, .a, .a, .a, .a, .a, .a],
      "00:01:02:03:04:05|000102030405|00-01-02-03-04-05|05:04:03:02:01:00|050403020100|"
        + "   00:01:02:03:04:05|00:01:02:03:04:05   |"
    ),
    (
      "%pI4|%pi4|%pI4h|%pI4n|%pI4l|%pI4b|%20pI4", [.a, .a, .a, .a, .a, .a, .a],
      "0.1.2.3|000.001.002.003|3.2.1.0|0.1.2.3|3.2.1.0|0.1.2.3|             0.1.2.3"
    ),
    (
      "%pI6|%pi6|%pI6c|%pI6c|%pI6c|%pi6c", [.b, .b, .b, .c, .a, .b],
      "2001:0db8:0000:0000:0000:0000:0000:abcd|20010db800000000000000000000abcd|2001:db8::abcd|"
        + "::ffff:1.2.3.4|1:203:405:607:809:a0b:c0d:e0f|20010db800000000000000000000abcd"
    ),
    (
      "%pU|%pUb|%pUB", [.a, .a, .a],
      "00010203-0405-0607-0809-0a0b0c0d0e0f|00010203-0405-0607-0809-0a0b0c0d0e0f|"
        + "00010203-0405-0607-0809-0A0B0C0D0E0F"
    ),
    (
      "%pUl|%pUL|%40pUb", [.a, .a, .a],
      "03020100-0504-0706-0809-0a0b0c0d0e0f|03020100-0504-0706-0809-0A0B0C0D0E0F|"
        + "    00010203-0405-0607-0809-0a0b0c0d0e0f"
    ),
    (
      "%*pb|%*pbl|%*pb|%*pbl|%pb|%*pbl|", [70, .d, 70, .d, 8, .d, 64, .d, .d, 0, .d],
      "05,f0000000,0000000f|0-3,60-64,66|0f|0-3,60-63|||"
    ),
    (
      "%pa|%pap|%20pa|%pa", [.e, .e, .e, 0],
      "0x0000000040001000|0x0000000040001000|0x0000000040001000|(null)"
    ),
    (
      "%pKx|%pQ|%pI4x|%pI5|%pZ9", [0, 0, .a, .a, 0],
      "0000000000000000|0000000000000000|0.1.2.3|(%pI?)|0000000000000000"
    ),
    ("%5%|%5c|%-5c|%c", [0x61, 0x62, 0x63], "%|    a|b    |c"),
    (
      "%x|%X|%o|%#x|%#X|%#o|%+d|% d", [255, 255, 8, 255, 255, 8, 5, 5],
      "ff|FF|10|0xff|0XFF|010|+5| 5"
    ),
    (
      "%05d|%-5d|%5d|%.3d|%8.3d|%08.3d", [42, 42, 42, 5, 5, 5],
      "00042|42   |   42|005|     005|00000005"
    ),
    (
      "%hhd|%hd|%ld|%lld|%zu|%zd|%td|%hhx|%hx|%Lx",
      [0x1ff, 0x18000, -1, -1, 5, -5, -6, 0xfff, 0xfffff, 0x100_0000_0000],
      "-1|-32768|-1|-1|5|-5|-6|ff|ffff|10000000000"
    ),
    (
      "%#o|%#x|%#.3x|%#10x|%-#10x|%#010x|%+u|% x", [0, 0, 1, 1, 1, 1, 1, 1],
      "0|0x0|0x001|       0x1|0x1       |0x00000001|1|1"
    ),
    ("%*d|%-*d|%*d|%.*d", [5, 1, 5, 1, -5, 1, -1, 7], "    1|1    |1    |7"),
    ("%puU|%pkx", [.a, .a], "(einval)|(einval)"),
    ("x%|y", [], "x"), ("x%y|%d", [1, 2], "x"), ("%lc", [0x78], "x"),
  ]

  @Test(arguments: [
    (PointerRestriction.shown, "ffff000012345678"), (.hidden, "0000000000000000"),
  ])
  func restrictedPointers(_ restriction: PointerRestriction, _ expected: String) {
    #expect(formatted("%pK", [0xffff_0000_1234_5678], Names(restriction: restriction)) == expected)
  }

  @Test func room() {
    var bytes = [UInt8](repeating: 0xff, count: 8)
    let length = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
      var output = unsafe FormatOutput(bytes.baseAddress, capacity: 4)
      output.append("abcdef" as StaticString)
      output.terminate()
      return output.length
    }
    #expect(length == 6 && bytes == [0x61, 0x62, 0x63, 0, 0xff, 0xff, 0xff, 0xff])
  }

  private func formatted(_ format: String, _ arguments: UInt64...) -> String {
    formatted(format, arguments)
  }

  private func formatted(
    _ format: String, _ arguments: [UInt64], _ names: Names = Names()
  ) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
      var output = unsafe FormatOutput(bytes.baseAddress, capacity: 256)
      var formatter = Formatter(Row(rest: arguments[...]), symbols: names)
      let text = Array((format + "\0").utf8)
      unsafe text.withUnsafeBufferPointer { text in
        unsafe formatter.format(text.baseAddress.unsafelyUnwrapped, into: &output)
      }
      return unsafe String(decoding: bytes[..<output.length], as: UTF8.self)
    }
  }

  private struct Row: FormatArguments {
    var rest: ArraySlice<UInt64>
    mutating func next() -> UInt64 { rest.popFirst() ?? 0 }
  }

  private struct Names: FormatSymbols {
    var restriction = PointerRestriction.hashed
    func append(symbol address: UInt64, _ style: SymbolStyle, to output: inout FormatOutput) {
      output.append((style == .name ? "symbol" : "symbol+") as StaticString)
    }
  }
}
