/// Where four bytes were seen last, by their hash.
///
/// SAFETY: the initialiser was promised a table of ``PageCompressor/tableBytes``; a hash has no more
/// bits than the table has entries.
@safe struct MatchTable: BitwiseCopyable {
  private let entries: UnsafeMutablePointer<UInt16>

  @unsafe @inline(__always) init(_ memory: UnsafeMutableRawPointer) {
    unsafe entries = memory.assumingMemoryBound(to: UInt16.self)
  }

  /// Where these four bytes may have been before; they are here now.
  @inline(__always) func swap(_ word: UInt32, at place: Int) -> Int {
    // Knuth's multiplicative hash: the highest bits depend on all bytes.
    let hash = Int(
      truncatingIfNeeded: (word &* 2_654_435_761) &>> UInt32(32 &- PageCompressor.tableBits))
    let found = unsafe Int(entries[hash])
    unsafe entries[hash] = UInt16(truncatingIfNeeded: place)
    return found
  }
}
