import MemoryTypes
import Testing

@Suite struct ByteCountTextTests {
  @Test(
    arguments: [
      ("0", 0), ("64K", 65536), ("512m", 512 << 20), ("16E", nil), ("15E", 15 << 60),
      ("0x40000000", 0x4000_0000), ("0X1fG", 0x1f << 30), ("18446744073709551615", UInt64.max),
      ("18446744073709551616", nil), ("", nil), ("K", nil), ("0x", nil), ("4KB", nil), ("4KK", nil),
      ("-1", nil), ("1.5G", nil), ("12f", nil), ("x10", nil), ("00x1", nil), ("1 K", nil),
    ] as [(String, UInt64?)])
  func reads(text: String, value: UInt64?) {
    #expect(ByteCount(parsing: text.utf8)?.rawValue == value)
  }

  @Test(arguments: ["0", "1", "1023", "64K", "1025K", "512M", "3G", "15E"])
  func printsWhatItReads(text: String) throws {
    #expect(try #require(ByteCount(parsing: text.utf8)).description == text)
  }
}
