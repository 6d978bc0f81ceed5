import HardwareModel
import Observation

/// What was counted while the CPU did something for a cause: a program, a system call, a fault.
///
/// Invariant: the rows' sum is what the model had counted when ``close(_:)`` was called last.
///
/// SAFETY: there is a row for every cause, and a row has ``CauseColumn/count`` words.
@safe struct CauseTable: ~Copyable {
  private let rows: UnsafeMutablePointer<UInt64>
  /// What the model had counted then.
  private let last: UnsafeMutablePointer<UInt64>
  /// What is going on.
  private(set) var current = Cause.unknown

  init() {
    unsafe rows = .allocate(capacity: Cause.count * CauseColumn.count)
    unsafe rows.initialize(repeating: 0, count: Cause.count * CauseColumn.count)
    unsafe last = .allocate(capacity: Counter.all)
    unsafe last.initialize(repeating: 0, count: Counter.all)
  }

  deinit {
    unsafe rows.deallocate()
    unsafe last.deallocate()
  }

  /// Something else begins: what was counted until now was for what went on.
  mutating func begin(_ cause: Cause, _ counted: UnsafePointer<UInt64>) {
    unsafe close(counted)
    current = cause
    unsafe rows[cause.index * CauseColumn.count] &+= 1
  }

  /// It turns out what is going on, where that was unknown.
  mutating func name(_ cause: Cause) {
    guard current == .unknown else { return }
    unsafe rows[current.index * CauseColumn.count] &-= 1
    current = cause
    unsafe rows[cause.index * CauseColumn.count] &+= 1
  }

  /// Counts up to now.
  mutating func close(_ counted: UnsafePointer<UInt64>) {
    let row = unsafe rows + current.index * CauseColumn.count + CauseColumn.counters
    for index in 0..<Counter.all {
      unsafe row[index] &+= counted[index] &- last[index]
      unsafe last[index] = unsafe counted[index]
    }
  }

  func write(to answer: inout AnswerWriter) {
    answer.begin(.causes, columns: CauseColumn.count, rows: Cause.count)
    for index in 0..<Cause.count * CauseColumn.count { unsafe answer.add(rows[index]) }
  }
}
