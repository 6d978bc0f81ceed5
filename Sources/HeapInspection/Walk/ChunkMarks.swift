/// Which chunks are in lists, and in which: half a byte for each 16 bytes of the heap, in pages that
/// come to be as they are needed.
///
/// A thirty-second of the heap's size, however many chunks there are; and as each chunk can be marked
/// once only, a list that comes back to itself is seen at once.
struct ChunkMarks {
  /// Bytes of the heap that a page stands for, as a shift.
  private static let shift: UInt64 = 20
  private static let pageBytes = 1 << 15

  private var index: [UInt64: Int] = [:]
  private var bytes: [UInt8] = []
  private var lastKey = UInt64.max
  private var lastPage = 0
  /// The keys of all pages, in order, as far as they were put in order.
  private var order: [UInt64] = []
  private(set) var count = 0

  /// What a chunk is marked as; ``ChunkState/used`` where it is not.
  mutating func state(of chunk: UInt64) -> ChunkState {
    guard let page = page(chunk, makes: false) else { return .used }
    let unit = Int(chunk >> 4 & 0xffff)
    let byte = bytes[page + unit / 2]
    return ChunkState(rawValue: unit & 1 == 0 ? byte & 15 : byte >> 4) ?? .used
  }

  /// Marks a chunk, unless it is; false with what it was marked as before.
  mutating func mark(_ chunk: UInt64, _ state: ChunkState) -> (isNew: Bool, before: ChunkState) {
    let before = self.state(of: chunk)
    guard before == .used, let page = page(chunk, makes: true) else { return (false, before) }
    let unit = Int(chunk >> 4 & 0xffff)
    bytes[page + unit / 2] |= unit & 1 == 0 ? state.rawValue : state.rawValue << 4
    count += 1
    return (true, .used)
  }

  /// The first marked chunk in a range.
  mutating func first(in range: Range<UInt64>) -> UInt64? {
    if order.count != index.count { order = index.keys.sorted() }
    var next = order.firstIndex { $0 >= range.lowerBound >> Self.shift } ?? order.count
    var at = (range.lowerBound + 15) & ~15
    while at < range.upperBound {
      guard page(at, makes: false) != nil else {
        // A segment may be far longer than what is marked of it.
        while next < order.count, order[next] <= at >> Self.shift { next += 1 }
        guard next < order.count else { return nil }
        at = order[next] << Self.shift
        continue
      }
      if state(of: at) != .used { return at }
      at += 16
    }
    return nil
  }

  private mutating func page(_ chunk: UInt64, makes: Bool) -> Int? {
    let key = chunk >> Self.shift
    if key == lastKey { return lastPage }
    if let page = index[key] {
      (lastKey, lastPage) = (key, page)
      return page
    }
    guard makes else { return nil }
    let page = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: Self.pageBytes))
    index[key] = page
    (lastKey, lastPage) = (key, page)
    return page
  }
}
