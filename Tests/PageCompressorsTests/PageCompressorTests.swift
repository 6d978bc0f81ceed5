import CompressionLibraries
import PageCompressors
import Testing

@Suite struct PageCompressorTests {
  /// What stands behind the room of a target, and must stay.
  private static let guardByte: UInt8 = 0xA5

  /// Compresses with whatever an earlier page left in the table; nil where it is too large.
  static func compress(
    _ compressor: PageCompressor, _ page: [UInt8], limit: Int, table: inout [UInt16]
  ) -> [UInt8]? {
    var target = [UInt8](repeating: guardByte, count: limit + 64)
    let length = unsafe page.withUnsafeBytes { source in
      unsafe target.withUnsafeMutableBytes { target in
        unsafe table.withUnsafeMutableBytes { table in
          unsafe compressor.compress(
            source.baseAddress.unsafelyUnwrapped, source.count,
            to: target.baseAddress.unsafelyUnwrapped, limit: limit,
            table: table.baseAddress.unsafelyUnwrapped)
        }
      }
    }
    #expect(target[limit...].allSatisfy { $0 == guardByte })
    guard let length else { return nil }
    #expect(length < limit)
    return Array(target[..<length])
  }

  static func decompress(
    _ compressor: PageCompressor, _ bytes: [UInt8], _ size: Int
  ) -> [UInt8]? {
    var target = [UInt8](repeating: guardByte, count: size + 64)
    // Just as long as they are, so that a sanitizer sees what is read behind them.
    let isSound = unsafe bytes.withUnsafeBytes { source in
      unsafe target.withUnsafeMutableBytes { target in
        unsafe compressor.decompress(
          source.baseAddress.unsafelyUnwrapped, source.count,
          to: target.baseAddress.unsafelyUnwrapped, room: size)
      }
    }
    #expect(target[size...].allSatisfy { $0 == guardByte })
    return isSound ? Array(target[..<size]) : nil
  }

  static func emptyTable() -> [UInt16] {
    [UInt16](repeating: 0, count: PageCompressor.tableBytes / 2)
  }

  @Test(arguments: PageCompressor.allCases)
  func pagesComeBackAsTheyWere(compressor: PageCompressor) {
    var table = Self.emptyTable()
    for seed in 0..<600 as Range<UInt64> {
      for size in Pages.sizes where size == 4096 || seed < 60 {
        let page = Pages.page(seed, size)
        let note = Comment("seed \(seed), \(size) bytes")
        guard
          let small = Self.compress(compressor, page, limit: size * 2, table: &table)
        else {
          Issue.record(note)
          continue
        }
        #expect(Self.decompress(compressor, small, size) == page, note)
        // Below its limit it is what it was, or a little larger for other guesses; else it gives up.
        if let again = Self.compress(compressor, page, limit: size / 2, table: &table) {
          #expect(Self.decompress(compressor, again, size) == page, note)
        } else {
          #expect(small.count + 300 >= size / 2, note)
        }
      }
    }
  }

  /// LZO's own library reads what is written without runs of zeros, and the other way round.
  @Test func theLibraryReadsWhatIsWritten() {
    var table = Self.emptyTable()
    for seed in 0..<300 as Range<UInt64> {
      let size = Pages.sizes[Int(seed % 3)]
      let page = Pages.page(seed, size)
      let note = Comment("seed \(seed)")
      let small = Self.compress(.lzo, page, limit: size * 2, table: &table) ?? []
      var out = [UInt8](repeating: 0, count: size)
      var length = lzo_uint(size)
      let status = unsafe lzo1x_decompress_safe(small, lzo_uint(small.count), &out, &length, nil)
      #expect(status == LZO_E_OK && Int(length) == size && out == page, note)

      var theirs = [UInt8](repeating: 0, count: size * 2)
      var work = [UInt8](repeating: 0, count: Int(LZO1X_1_15_MEM_COMPRESS_BYTES))
      var count = lzo_uint(theirs.count)
      _ = unsafe lzo1x_1_15_compress(page, lzo_uint(size), &theirs, &count, &work)
      #expect(Self.decompress(.lzo, Array(theirs[..<Int(count)]), size) == page, note)
      // It needs no longer than the library by more than a tenth and a row of literals.
      #expect(small.count <= Int(count) * 12 / 10 + 64, note)
    }
  }

  /// `LZO1X_1_15_MEM_COMPRESS`, which is not imported: 32,768 pointers.
  private var LZO1X_1_15_MEM_COMPRESS_BYTES: Int { 32_768 * 8 }

  /// Bent streams end in a refusal, and write nothing where they may not.
  @Test(arguments: PageCompressor.allCases)
  func bentStreamsAreRefused(compressor: PageCompressor) {
    var table = Self.emptyTable()
    var numbers = Pages.Numbers(seed: 77)
    for seed in 0..<400 as Range<UInt64> {
      let page = Pages.page(seed, 4096)
      var bytes = Self.compress(compressor, page, limit: 8192, table: &table) ?? []
      #expect(Self.decompress(compressor, Array(bytes.dropLast()), 4096) == nil, "seed \(seed)")
      for _ in 0..<8 {
        bytes[numbers.below(bytes.count)] = UInt8(truncatingIfNeeded: numbers.next())
        _ = Self.decompress(compressor, bytes, 4096)
        _ = Self.decompress(compressor, Array(bytes[..<numbers.below(bytes.count + 1)]), 4096)
      }
    }
  }
}
