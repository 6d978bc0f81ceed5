import Observation

/// Rows of counters found by a key: a hash table that grows.
///
/// A row is in two pieces, the key with the counters that each access changes, and what only misses
/// change: the first of all rows then are in the host's caches where whole rows would not be.
///
/// Invariant: at most half of the slots are used; a slot is 0 or a row's number plus one.
///
/// SAFETY: a row's number is below `rows`, which is at most `capacity`, and a column below `columns`.
@safe struct RowTable: ~Copyable {
  /// The columns of a row, the key first, and those of them that the first piece has.
  private let columns: Int
  private let near: Int
  private var rows = 0
  private var capacity = 1024
  private var first: UnsafeMutablePointer<UInt64>
  private var rest: UnsafeMutablePointer<UInt64>
  private var slots: UnsafeMutablePointer<UInt32>
  private var slotMask = 4095
  // Keys that were looked for lately, and their rows.
  private let recentKeys: UnsafeMutablePointer<UInt64>
  private let recentRows: UnsafeMutablePointer<UInt32>

  /// A table whose rows have a key and so many counters, `near` of them with the key in one piece.
  init(columns: Int, near: Int) {
    self.columns = columns
    self.near = near
    unsafe first = .allocate(capacity: capacity * near)
    unsafe rest = .allocate(capacity: capacity * (columns - near))
    unsafe slots = .allocate(capacity: slotMask + 1)
    unsafe slots.initialize(repeating: 0, count: slotMask + 1)
    unsafe recentKeys = .allocate(capacity: 1024)
    unsafe recentKeys.initialize(repeating: .max, count: 1024)
    unsafe recentRows = .allocate(capacity: 1024)
    unsafe recentRows.initialize(repeating: 0, count: 1024)
  }

  deinit {
    unsafe first.deallocate()
    unsafe rest.deallocate()
    unsafe slots.deallocate()
    unsafe recentKeys.deallocate()
    unsafe recentRows.deallocate()
  }

  /// The number of a key's row.
  @inline(__always) mutating func row(of key: UInt64) -> Int {
    let recent = Int(truncatingIfNeeded: key & 1023)
    if unsafe recentKeys[recent] == key { return unsafe Int(recentRows[recent]) }
    let row = find(key)
    unsafe recentKeys[recent] = key
    unsafe recentRows[recent] = UInt32(truncatingIfNeeded: row)
    return row
  }

  /// Counts in the first piece of a row.
  @inline(__always) func addNear(_ count: UInt64, _ row: Int, _ column: Int) {
    unsafe first[row &* near &+ column] &+= count
  }

  /// Counts in the other.
  @inline(__always) func add(_ count: UInt64, _ row: Int, _ column: Int) {
    unsafe rest[row &* (columns &- near) &+ column &- near] &+= count
  }

  @inline(never) private mutating func find(_ key: UInt64) -> Int {
    var slot = hash(key)
    while true {
      let held = unsafe Int(slots[slot])
      if held == 0 { break }
      if unsafe first[(held &- 1) &* near] == key { return held &- 1 }
      slot = (slot &+ 1) & slotMask
    }
    if rows == capacity {
      grow()
      return find(key)
    }
    unsafe slots[slot] = UInt32(truncatingIfNeeded: rows &+ 1)
    unsafe (first + rows &* near).initialize(repeating: 0, count: near)
    unsafe (rest + rows &* (columns &- near)).initialize(repeating: 0, count: columns &- near)
    unsafe first[rows &* near] = key
    rows &+= 1
    return rows &- 1
  }

  private func hash(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) &>> 24) & slotMask
  }

  private mutating func grow() {
    unsafe first = Self.larger(first, rows * near, capacity * 2 * near)
    unsafe rest = Self.larger(rest, rows * (columns - near), capacity * 2 * (columns - near))
    capacity *= 2
    unsafe slots.deallocate()
    slotMask = slotMask * 2 + 1
    unsafe slots = .allocate(capacity: slotMask + 1)
    unsafe slots.initialize(repeating: 0, count: slotMask + 1)
    for row in 0..<rows {
      var slot = unsafe hash(first[row * near])
      while unsafe slots[slot] != 0 { slot = (slot &+ 1) & slotMask }
      unsafe slots[slot] = UInt32(row + 1)
    }
  }

  private static func larger(
    _ old: UnsafeMutablePointer<UInt64>, _ used: Int, _ count: Int
  ) -> UnsafeMutablePointer<UInt64> {
    let new = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
    unsafe new.update(from: old, count: used)
    unsafe old.deallocate()
    return unsafe new
  }

  func write(_ section: AnswerSection, to answer: inout AnswerWriter) {
    answer.begin(section, columns: columns, rows: rows)
    for row in 0..<rows {
      for column in 0..<near { unsafe answer.add(first[row * near + column]) }
      for column in 0..<columns - near { unsafe answer.add(rest[row * (columns - near) + column]) }
    }
  }
}
