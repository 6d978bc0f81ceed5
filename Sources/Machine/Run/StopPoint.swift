package import BoardFormat

/// Where a machine stops so that a program's memory can be looked at.
package enum StopPoint: Sendable {
  /// Where the first program has ended and still has all its memory.
  case exit
  /// Where a system call begins, at the so-many-th of all tasks, from 1.
  case call(number: UInt64, count: UInt64)
  /// Where a place in a file is come by, at the so-many-th of all tasks, from 1.
  case place(ProbeRequest, count: UInt64)
}
