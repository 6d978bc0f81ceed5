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
    var bytes = [UInt8](repeating: 0, count: 256)
    return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
      var output = unsafe FormatOutput(bytes.baseAddress, capacity: 256)
      var formatter = Formatter(Row(rest: arguments[...]), symbols: Names())
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
    func append(
      symbol address: UInt64, hasOffset: Bool, isCaller: Bool, to output: inout FormatOutput
    ) {
      output.append((hasOffset ? "symbol+" : "symbol") as StaticString)
    }
  }
}
