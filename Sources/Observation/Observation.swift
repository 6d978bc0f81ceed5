public import HardwareModel

/// What the observer has answered, taken apart.
public struct Observation: Sendable {
  /// What the model counted, from the first program's start to its end.
  public var counters = Counters()
  /// What the core would have counted if programs had it for themselves; nil if nobody asked.
  public var alone: Counters?
  /// The roots of the address spaces that were used.
  public var roots: [UInt64] = []
  /// Rows of ``PlaceColumn``, of ``BlockColumn``, and of ``CauseColumn`` by ``Cause/index``.
  public var places: [ArraySlice<UInt64>] = []
  public var blocks: [ArraySlice<UInt64>] = []
  public var causes: [ArraySlice<UInt64>] = []
  /// The first accesses that the model says otherwise of, and how many there were.
  public var disagreements: [ArraySlice<UInt64>] = []
  public var disagreementCount: UInt64 = 0
  /// The accesses whose translation was checked, each.
  public var checked: UInt64 = 0

  /// Reads an answer; nil where it is not whole.
  public init?(_ bytes: [UInt8]) {
    let words = unsafe bytes.withUnsafeBytes { buffer in
      (0..<buffer.count / 8).map {
        unsafe buffer.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)
      }
    }
    var at = 0
    while at + 3 <= words.count, let section = AnswerSection(rawValue: words[at]) {
      let (columns, count) = (Int(clamping: words[at + 1]), Int(clamping: words[at + 2]))
      at += 3
      if section == .end { return }
      let (length, overflow) = columns.multipliedReportingOverflow(by: count)
      guard !overflow, length <= words.count - at, columns > 0 else { return nil }
      let rows = (0..<count).map { words[at + $0 * columns..<at + ($0 + 1) * columns] }
      at += length
      switch section {
      case .end: return
      case .counters: counters = Counters(words: rows.first ?? [])
      case .alone: alone = Counters(words: rows.first ?? [])
      case .roots: roots = rows.compactMap(\.first)
      case .places where columns == PlaceColumn.count: places = rows
      case .blocks where columns == BlockColumn.count: blocks = rows
      case .causes where columns == CauseColumn.count: causes = rows
      case .disagreements: disagreements = rows
      case .figures:
        disagreementCount = rows.first?.first ?? 0
        checked = rows.first?.last ?? 0
      case .places, .blocks, .causes: return nil
      }
    }
    return nil
  }
}
