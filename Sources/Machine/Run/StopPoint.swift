/// Where a machine stops so that a program's memory can be looked at.
package enum StopPoint: Equatable, Sendable {
  /// Where the first program has ended and still has all its memory.
  case exit
  /// Where a system call begins, at the so-many-th of all tasks, from 1.
  case call(number: UInt64, count: UInt64)
}
