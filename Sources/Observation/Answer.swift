import HardwareModel

/// The parts of what the observer answers.
///
/// Each is words: the section, the columns, the number of rows, then row after row. ``end`` is the
/// last, and without it the answer is not whole.
public enum AnswerSection: UInt64, Sendable {
  case end = 0x646e_6552
  /// The model's counters when the first program had ended: one row.
  case counters = 1
  /// The same of the model that programs have for themselves; only where that was asked for.
  case alone = 16
  /// The roots of address spaces, in the order in which they were met: those of ``PlaceKey``.
  case roots = 2
  /// ``PlaceColumn``.
  case places
  /// ``BlockColumn``.
  case blocks
  /// ``CauseColumn``, a row for each ``Cause``.
  case causes
  /// ``Disagreement``, address, kind, privilege (1 is the kernel's), expected, found.
  case disagreements
  /// How many disagreements there were, and how many accesses were checked.
  case figures
}

/// The columns of what was accessed in a page of a program's, or 2M of the kernel's.
///
/// Three columns each for loads, for stores (with lines cleared) and for instructions.
public enum PlaceColumn {
  public static var key: Int { 0 }
  public static var accesses: Int { 1 }
  public static var tlbMisses: Int { 4 }
  public static var walks: Int { 7 }
  public static var firstMisses: Int { 10 }
  public static var secondMisses: Int { 13 }
  public static var memoryLines: Int { 16 }
  public static var walkReads: Int { 19 }
  public static var walkReadsOfMemory: Int { 20 }
  public static var count: Int { 21 }
}

/// The columns of what a block of instructions missed.
public enum BlockColumn {
  public static var key: Int { 0 }
  public static var tlbMisses: Int { 1 }
  public static var walks: Int { 2 }
  public static var firstMisses: Int { 3 }
  public static var secondMisses: Int { 4 }
  public static var memoryLines: Int { 5 }
  public static var walkReads: Int { 6 }
  public static var walkReadsOfMemory: Int { 7 }
  public static var count: Int { 8 }
}

/// What the CPU does something for.
public struct Cause: Hashable, Sendable {
  public let index: Int

  private init(_ index: Int) { self.index = index }

  /// A system call by number.
  public static func call(_ number: UInt64) -> Self { Self(Int(min(number, 511))) }
  public static var fault: Self { Self(512) }
  /// The kernel, for what nobody named: interrupts, starting and ending, what comes after a switch.
  public static var unknown: Self { Self(513) }
  /// A program itself.
  public static var program: Self { Self(514) }
  public static var count: Int { 515 }

  /// The cause of a row.
  public init?(row: Int) {
    guard 0..<Self.count ~= row else { return nil }
    index = row
  }

  /// The number of a system call.
  public var call: Int? { index < 512 ? index : nil }
}

/// The columns of a cause: how often, then the model's counters.
public enum CauseColumn {
  public static var times: Int { 0 }
  public static var counters: Int { 1 }
  public static var count: Int { 1 + Counter.all }
}

/// How an access can be other than the model says.
public enum Disagreement: UInt64, Sendable {
  /// The tables do not allow it: expected is the fault's code.
  case notAllowed = 0
  /// Our walker finds another physical address than the CPU used.
  case walkedElsewhere
  /// The model translates to another one.
  case modelledElsewhere
}
