/// What one access missed: what a report by page, function or cause is made of.
///
/// ```
///  63      32  31       28  27     24  23   20  19        16  15   8  7   4  3          0
///  record      from memory  not L2     not L1   memory walks  reads   walks  TLB misses
/// ```
/// Each field is a number, as an access may touch two lines and two pages. An access that has
/// everything at hand has no note.
public struct AccessNote: RawRepresentable, BitwiseCopyable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  static var tlbMiss: UInt64 { 1 }
  static var walk: UInt64 { 1 &<< 4 }

  /// A descriptor's line.
  @inline(__always) static func read(_ level: ServedBy) -> UInt64 {
    1 &<< 8 | (level == .memory ? 1 &<< 16 : 0)
  }

  /// A line of the access itself.
  @inline(__always) static func line(_ level: ServedBy) -> UInt64 {
    switch level {
    case .first: 0
    case .second: 1 &<< 20
    case .last: 1 &<< 20 | 1 &<< 24
    case .memory: 1 &<< 20 | 1 &<< 24 | 1 &<< 28
    }
  }

  /// The record, by its place among those that were run.
  @inlinable public var record: Int { Int(truncatingIfNeeded: rawValue &>> 32) }
  /// Translations that the L1 TLB did not have, and of them those that were walked for.
  @inlinable public var tlbMisses: UInt64 { rawValue & 15 }
  @inlinable public var walks: UInt64 { (rawValue &>> 4) & 15 }
  /// Descriptors that were read, and of them those that came from memory.
  @inlinable public var walkReads: UInt64 { (rawValue &>> 8) & 255 }
  @inlinable public var walkReadsOfMemory: UInt64 { (rawValue &>> 16) & 15 }
  /// Lines that the first level did not have, that the second did not, that came from memory.
  @inlinable public var firstMisses: UInt64 { (rawValue &>> 20) & 15 }
  @inlinable public var secondMisses: UInt64 { (rawValue &>> 24) & 15 }
  @inlinable public var memoryLines: UInt64 { (rawValue &>> 28) & 15 }
}
