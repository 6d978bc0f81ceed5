public import Arm64

/// Where an access was served.
public enum ServedBy: Int, BitwiseCopyable, CaseIterable, Hashable, Sendable {
  case first = 0
  case second
  case last
  case memory
}

/// One of the things that a model counts.
///
/// `accesses` are the program's and the kernel's own; one that crosses the end of a line asks the
/// cache twice, so there are as many lines or more. A translation is asked for once a page that an
/// access touches. With k a kind and p a privilege:
///
///     tlbMisses(k, p) == sharedTLBHits(k, p) + walks(k, p)
///     the sum of walkReads(p, …) == the sum of descriptorReads(p, …)
public struct Counter: BitwiseCopyable, Hashable, Sendable {
  let index: Int

  @inline(__always) private init(_ index: Int) { self.index = index }

  @inline(__always) private init(_ base: Int, _ kind: AccessKind, _ privilege: Privilege) {
    index = base &+ Int(truncatingIfNeeded: kind.rawValue) &* 2 &+ Self.row(privilege)
  }

  @inline(__always) private static func row(_ privilege: Privilege) -> Int {
    privilege == .kernel ? 1 : 0
  }

  // What was asked of the core.

  /// Loads, stores, fetches of a line's instructions, line clears.
  @inline(__always) public static func accesses(_ kind: AccessKind, _ by: Privilege) -> Self {
    Self(0, kind, by)
  }

  /// Lines, by where they were found.
  @inline(__always) public static func served(
    _ kind: AccessKind, _ by: Privilege, _ level: ServedBy
  ) -> Self {
    Self(8 &+ Self(0, kind, by).index &* 4 &+ level.rawValue)
  }

  /// Lines of memory that no cache keeps.
  @inline(__always) public static func uncached(_ kind: AccessKind, _ by: Privilege) -> Self {
    Self(72, kind, by)
  }

  /// Lines and descriptors, by where they were found, for a row of ``LineQueues``.
  @inline(__always) static func served(row: UInt64, _ level: ServedBy) -> Self {
    Self(8 &+ Int(truncatingIfNeeded: row) &* 4 &+ level.rawValue)
  }

  /// Accesses, for a row of ``LineQueues``.
  @inline(__always) static func accesses(row: UInt64) -> Self {
    Self(Int(truncatingIfNeeded: row))
  }

  // Translation.

  /// What the L1 TLB of its kind did not have.
  @inline(__always) public static func tlbMisses(_ kind: AccessKind, _ by: Privilege) -> Self {
    Self(48, kind, by)
  }

  /// Of these, what the shared TLB had.
  @inline(__always) public static func sharedTLBHits(_ kind: AccessKind, _ by: Privilege) -> Self {
    Self(56, kind, by)
  }

  /// Of these, what had to be walked for; a walk that ends in a fault counts.
  @inline(__always) public static func walks(_ kind: AccessKind, _ by: Privilege) -> Self {
    Self(64, kind, by)
  }

  /// Descriptors that walks read, by where they were found.
  @inline(__always) public static func walkReads(_ by: Privilege, _ level: ServedBy) -> Self {
    Self(40 &+ row(by) &* 4 &+ level.rawValue)
  }

  /// Descriptors that walks read, by the level of their table, -1 to 3.
  @inline(__always) public static func descriptorReads(_ by: Privilege, level: Int) -> Self {
    Self(80 &+ row(by) &* 5 &+ level &+ 1)
  }

  /// Walks that began below the first table.
  @inline(__always) public static func walkCacheHits(_ by: Privilege) -> Self {
    Self(90 &+ row(by))
  }

  /// Descriptors that a write made dirty (FEAT_HAFDBS).
  @inline(__always) public static func dirtyUpdates(_ by: Privilege) -> Self { Self(92 &+ row(by)) }

  /// Accesses that were not allowed or not mapped, and were asked for again.
  @inline(__always) public static func faults(_ by: Privilege) -> Self { Self(94 &+ row(by)) }

  // What the hierarchy did by itself.

  /// Dirty lines that left a level: the first, the second, the last.
  @inline(__always) public static func writeBacks(_ level: ServedBy) -> Self {
    Self(96 &+ level.rawValue)
  }

  /// Invalidations of translations.
  public static var invalidations: Self { Self(99) }

  /// How many there are.
  public static var all: Int { 100 }
}

/// What a model has counted, at a moment.
public struct Counters: Sendable, Equatable {
  private var values: [UInt64]

  /// Nothing yet.
  public init() { values = Array(repeating: 0, count: Counter.all) }

  init(_ values: [UInt64]) { self.values = values }

  /// The counters as ``words`` has them; what is missing is 0.
  public init(words: some Sequence<UInt64>) {
    let words = Array(words.prefix(Counter.all))
    values = words + Array(repeating: 0, count: Counter.all - words.count)
  }

  /// All of them, in an order that is the same for programs of the same sources.
  public var words: [UInt64] { values }

  public subscript(counter: Counter) -> UInt64 { values[counter.index] }

  public static func + (some: Self, more: Self) -> Self {
    Self(zip(some.values, more.values).map { $0 &+ $1 })
  }

  /// Since an earlier moment.
  public static func - (later: Self, earlier: Self) -> Self {
    Self(zip(later.values, earlier.values).map { $0 &- $1 })
  }

  /// Lines that were asked for.
  public func lines(_ kind: AccessKind, _ privilege: Privilege) -> UInt64 {
    ServedBy.allCases.reduce(self[.uncached(kind, privilege)]) {
      $0 + self[.served(kind, privilege, $1)]
    }
  }
}

/// The counters of a running model, where nothing copies them.
@safe struct CounterStore: ~Copyable {
  let values: UnsafeMutablePointer<UInt64>

  /// SAFETY: the buffer lives as long as this value; every ``Counter`` is one of its places.
  init() {
    unsafe values = .allocate(capacity: Counter.all)
    unsafe values.initialize(repeating: 0, count: Counter.all)
  }

  deinit { unsafe values.deallocate() }

  @inline(__always) func add(_ counter: Counter, _ count: UInt64 = 1) {
    unsafe values[counter.index] &+= count
  }

  @unsafe var words: UnsafePointer<UInt64> { unsafe UnsafePointer(values) }

  var now: Counters {
    Counters((0..<Counter.all).map { unsafe values[$0] })
  }
}
