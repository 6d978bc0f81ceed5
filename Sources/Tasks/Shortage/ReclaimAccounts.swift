/// Why pages were taken.
public enum ReclaimCause: UInt8, BitwiseCopyable, CaseIterable, Sendable {
  /// By kswapd, because little was free.
  case kswapd = 0
  /// By whoever found nothing free.
  case direct
  /// Because a memory group met its limit, or was above its mark.
  case limit, high
  /// Because somebody wrote `memory.reclaim`, or a limit below what is in use.
  case request
}

/// What was done for each ``ReclaimCause``: for the run's report, since `/proc/vmstat` counts what a
/// group's limit causes neither as kswapd's nor as direct.
public struct ReclaimAccounts: BitwiseCopyable, Sendable {
  public struct Row: BitwiseCopyable, Sendable {
    public internal(set) var times: UInt64 = 0
    public internal(set) var scanned: UInt64 = 0
    public internal(set) var taken: UInt64 = 0
    public internal(set) var nanoseconds: UInt64 = 0
  }

  private var rows: InlineArray<5, Row> = .init(repeating: Row())
  /// Time that programs slept because their group was above its mark.
  public private(set) var waited: UInt64 = 0

  init() {}

  public subscript(cause: ReclaimCause) -> Row { rows[Int(cause.rawValue)] }

  mutating func add(
    _ cause: ReclaimCause, scanned: Int, taken: Int, nanoseconds: UInt64
  ) {
    let index = Int(cause.rawValue)
    rows[index].times &+= 1
    rows[index].scanned &+= UInt64(max(scanned, 0))
    rows[index].taken &+= UInt64(max(taken, 0))
    rows[index].nanoseconds &+= nanoseconds
  }

  mutating func noteWait(_ nanoseconds: UInt64) { waited &+= nanoseconds }
}
