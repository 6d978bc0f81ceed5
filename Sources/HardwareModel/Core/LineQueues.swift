/// What one level of the hierarchy asks the next for, in order: lines to be read and to be written.
///
/// A level's state depends on nothing but the sequence of what it is asked for. So a block of
/// records goes through the core level by level and not record by record: each level's loop is
/// short, what it will look up is known before, and the host can fetch the sets meanwhile, all of
/// them at once. The counts are the same.
///
/// ```
///  63 61  60     59   52  51 48  47          0
///  –      dirty  record   row    line's number
/// ```
///
/// `row` says who asks: kind × 2 + privilege of an access, ``walk`` + privilege for a descriptor,
/// ``writeBack`` for a dirty line that had to leave; ``clear`` is the kind of that name.
@safe struct LineQueues: ~Copyable {
  /// Asked of L1: of the block's accesses, and of walks.
  let first: UnsafeMutablePointer<UInt64>
  /// Asked of the second level, and of the last.
  let second: UnsafeMutablePointer<UInt64>
  let last: UnsafeMutablePointer<UInt64>
  /// What nobody had.
  let memory: UnsafeMutablePointer<UInt64>
  /// What each of the block's records missed, as ``AccessNote``.
  let notes: UnsafeMutablePointer<UInt64>

  /// The records of a block; a record's place in it has eight bits.
  static var block: Int { 128 }
  /// A record touches two lines, each behind a walk of five levels at most; each line that is taken
  /// in makes one leave at most.
  private static var capacity: Int { block * 2 * 6 }

  static var clear: UInt64 { 3 }
  static var walk: UInt64 { 8 }
  static var writeBack: UInt64 { 10 }
  static var dirty: UInt64 { 1 &<< 60 }
  static var lineMask: UInt64 { 0xffff_ffff_ffff }
  static var rowShift: UInt64 { 48 }

  /// SAFETY: the buffers live as long as this value.
  init() {
    unsafe first = .allocate(capacity: Self.capacity)
    unsafe second = .allocate(capacity: Self.capacity * 2)
    unsafe last = .allocate(capacity: Self.capacity * 4)
    unsafe memory = .allocate(capacity: Self.capacity * 8)
    unsafe notes = .allocate(capacity: Self.block)
    unsafe notes.initialize(repeating: 0, count: Self.block)
  }

  deinit {
    unsafe first.deallocate()
    unsafe second.deallocate()
    unsafe last.deallocate()
    unsafe memory.deallocate()
    unsafe notes.deallocate()
  }

  @inline(__always) static func request(_ line: UInt64, row: UInt64, record: Int) -> UInt64 {
    line | row &<< 48 | UInt64(truncatingIfNeeded: record) &<< 52
  }
  @inline(__always) static func line(_ request: UInt64) -> UInt64 { request & lineMask }
  @inline(__always) static func row(_ request: UInt64) -> UInt64 { (request &>> 48) & 15 }
  @inline(__always) static func record(_ request: UInt64) -> Int {
    Int(truncatingIfNeeded: (request &>> 52) & 255)
  }
}
