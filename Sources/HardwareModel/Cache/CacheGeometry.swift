/// The shape of a cache.
public struct CacheGeometry: Hashable, Sendable {
  /// Any number, not only a power of two.
  public var sets: Int
  public var ways: Int
  /// The bytes of a line, a power of two; the same in all caches of a core.
  public var line: Int
  public var replacement: Replacement

  /// A cache of a size in bytes.
  public init(
    bytes: Int, ways: Int, line: Int = 64, _ replacement: Replacement = .leastRecentlyUsed
  ) throws(GeometryError) {
    guard ways > 0, line > 0, bytes > 0, bytes % (ways * line) == 0 else {
      throw GeometryError(
        "a cache of \(bytes) bytes cannot have \(ways) ways of lines of \(line) bytes",
        hint: "size = sets × ways × line")
    }
    try self.init(sets: bytes / (ways * line), ways: ways, line: line, replacement)
  }

  public init(
    sets: Int, ways: Int, line: Int = 64, _ replacement: Replacement = .leastRecentlyUsed
  ) throws(GeometryError) {
    guard line >= 16, line <= 2048, line & (line - 1) == 0 else {
      throw GeometryError(
        "a line cannot have \(line) bytes", hint: "a power of two from 16 to 2048")
    }
    try Self.check(sets: sets, ways: ways, replacement)
    self.sets = sets
    self.ways = ways
    self.line = line
    self.replacement = replacement
  }

  /// What it holds.
  public var bytes: Int { sets * ways * line }

  /// What holds for sets of anything.
  static func check(sets: Int, ways: Int, _ replacement: Replacement) throws(GeometryError) {
    guard sets >= 1, sets <= 1 << 26, ways >= 1, ways <= 4096, sets * ways <= 1 << 28 else {
      throw GeometryError(
        "there is no structure of \(sets) sets of \(ways) ways",
        hint: "1 to 2^26 sets of 1 to 4096 ways, 2^28 entries at most")
    }
    if replacement == .treePseudoLRU && (ways > 64 || ways & (ways - 1) != 0) {
      throw GeometryError(
        "tree-PLRU cannot choose among \(ways) ways", hint: "a power of two, 64 at most")
    }
  }
}
