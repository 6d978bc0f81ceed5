import Observation

/// Rows of counters found by a key: a hash table that grows.
///
/// Invariant: at most half of the slots are used; a slot is 0 or a row's number plus one.
///
/// SAFETY: a row's number is below `rows`, which is at most `capacity`.
@safe struct RowTable: ~Copyable {
  /// The columns of a row, the key first.
  private let columns: Int
  private var rows = 0
  private var capacity = 1024
  private var values: UnsafeMutablePointer<UInt64>
  private var slots: UnsafeMutablePointer<UInt32>
  private var slotMask = 4095
  // Keys that were looked for lately, and their rows.
  private let recentKeys: UnsafeMutablePointer<UInt64>
  private let recentRows: UnsafeMutablePointer<UInt32>

  /// A table whose rows have a key and so many counters.
  init(columns: Int) {
    self.columns = columns
    unsafe values = .allocate(capacity: capacity * columns)
    unsafe slots = .allocate(capacity: slotMask + 1)
    unsafe slots.initialize(repeating: 0, count: slotMask + 1)
    unsafe recentKeys = .allocate(capacity: 1024)
    unsafe recentKeys.initialize(repeating: .max, count: 1024)
    unsafe recentRows = .allocate(capacity: 1024)
    unsafe recentRows.initialize(repeating: 0, count: 1024)
  }

  deinit {
    unsafe values.deallocate()
    unsafe slots.deallocate()
    unsafe recentKeys.deallocate()
    unsafe recentRows.deallocate()
  }

  /// The row of a key; valid until the next look-up.
  @inline(__always) mutating func place(of key: UInt64) -> UnsafeMutablePointer<UInt64> {
    let recent = Int(truncatingIfNeeded: key & 1023)
    if unsafe recentKeys[recent] == key {
      return unsafe values + Int(recentRows[recent]) &* columns
    }
    let row = find(key)
    unsafe recentKeys[recent] = key
    unsafe recentRows[recent] = UInt32(truncatingIfNeeded: row)
    return unsafe values + row &* columns
  }

  @inline(never) private mutating func find(_ key: UInt64) -> Int {
    var slot = hash(key)
    while true {
      let held = unsafe Int(slots[slot])
      if held == 0 { break }
      if unsafe values[(held &- 1) &* columns] == key { return held &- 1 }
      slot = (slot &+ 1) & slotMask
    }
    if rows == capacity {
      grow()
      return find(key)
    }
    unsafe slots[slot] = UInt32(truncatingIfNeeded: rows &+ 1)
    let row = unsafe values + rows &* columns
    unsafe row.initialize(repeating: 0, count: columns)
    unsafe row[0] = key
    rows &+= 1
    return rows &- 1
  }

  private func hash(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) &>> 24) & slotMask
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity * 2 * columns)
    unsafe larger.update(from: values, count: rows * columns)
    unsafe values.deallocate()
    unsafe values = unsafe larger
    capacity *= 2
    unsafe slots.deallocate()
    slotMask = slotMask * 2 + 1
    unsafe slots = .allocate(capacity: slotMask + 1)
    unsafe slots.initialize(repeating: 0, count: slotMask + 1)
    for row in 0..<rows {
      var slot = unsafe hash(values[row * columns])
      while unsafe slots[slot] != 0 { slot = (slot &+ 1) & slotMask }
      unsafe slots[slot] = UInt32(row + 1)
    }
  }

  func write(_ section: AnswerSection, to answer: inout AnswerWriter) {
    answer.begin(section, columns: columns, rows: rows)
    for index in 0..<rows * columns { unsafe answer.add(values[index]) }
  }
}
