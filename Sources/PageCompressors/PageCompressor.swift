// Compressing one page at a time, for memory that is swapped to memory.
//
// Terms
// - A *match* is a row of bytes that stands further up in the page, too, and is written as a
//   distance and a length; what is no match is a *literal* and is written as it is.
// - The *work table* says where in the page four bytes with some hash were seen last. It is never
//   cleared: what it says is a guess, which is compared before it is believed, so entries of earlier
//   pages do no harm.
// - A page is *incompressible* if its result would reach a limit. The compressors give up as soon as
//   they know, and do not write what nobody will read.
//
// Both formats are our own code, written from their descriptions: LZ4's block format
// (doc/lz4_Block_format.md of LZ4) and LZO's stream as Linux reads it (its
// Documentation/staging/lzo.rst), version 0 (`lzo`) and, with runs of zeros, version 1 (`lzo-rle`).
// What they write is read by LZ4's and Linux's decoders, and the other way round; the tests hold them
// against such streams. They keep no state but the table, and never read or write outside of what
// they are given, whatever the bytes are.

/// A format that pages are compressed to.
public enum PageCompressor: UInt8, CaseIterable, BitwiseCopyable, Sendable {
  case lzo = 0
  case lzoRLE = 1
  case lz4 = 2

  /// As `comp_algorithm` has it.
  public var name: StaticString {
    switch self {
    case .lzo: "lzo"
    case .lzoRLE: "lzo-rle"
    case .lz4: "lz4"
    }
  }

  /// The bytes of the work table.
  public static var tableBytes: Int { 2 &<< tableBits }
  static var tableBits: Int { 12 }

  /// Compresses a page; nil where the result would have `limit` bytes or more.
  ///
  /// Unsafe: `source` must have `count` readable bytes, 65,536 at most; `target` room for
  /// `limit`; `table` ``tableBytes`` initialised bytes, aligned for 16-bit words.
  @unsafe public func compress(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer, limit: Int,
    table: UnsafeMutableRawPointer
  ) -> Int? {
    let source = unsafe ByteSource(source, count)
    let target = unsafe ByteTarget(target, limit)
    let table = unsafe MatchTable(table)
    switch self {
    case .lzo: return LZO(hasRuns: false).compress(source, target, table)
    case .lzoRLE: return LZO(hasRuns: true).compress(source, target, table)
    case .lz4: return LZ4.compress(source, target, table)
    }
  }

  /// Decompresses; false where the bytes are not what gives exactly `room` bytes.
  ///
  /// Unsafe: `source` must have `count` readable bytes, `target` room for `room`.
  @unsafe public func decompress(
    _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer, room: Int
  ) -> Bool {
    let source = unsafe ByteSource(source, count)
    let target = unsafe ByteTarget(target, room)
    switch self {
    case .lzo, .lzoRLE: return LZO.decompress(source, target) == room
    case .lz4: return LZ4.decompress(source, target) == room
    }
  }
}
