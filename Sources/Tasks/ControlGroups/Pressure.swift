import MemoryTypes

/// How long tasks could not go on because memory was short: pressure stall information
/// (kernel/sched/psi.c of Linux 6.1).
///
/// *Some* time is that in which at least one task stalls, *full* time that in which no task could do
/// anything else meanwhile. A task stalls while it reclaims for itself, or waits because its group
/// is above `memory.high`.
///
/// Averages are of 10, 60 and 300 seconds, as fixed-point numbers of 11 bits, brought up to date
/// every two seconds or when somebody looks.
public struct Pressure: BitwiseCopyable, Sendable {
  /// Tasks that stall now, and whether nobody else could run when that last changed.
  private(set) var stalled = 0
  private var isFull = false
  private var changedAt: UInt64 = 0
  /// Nanoseconds, of some and of full.
  private var totals: InlineArray<2, UInt64> = .init(repeating: 0)
  private var averagedTotals: InlineArray<2, UInt64> = .init(repeating: 0)
  private var averages: InlineArray<6, UInt64> = .init(repeating: 0)
  private var averagedAt: UInt64 = 0

  init() {}

  /// psi_period: two seconds and a tick.
  private static var period: UInt64 { 2_004_000_000 }

  /// A task begins to stall, or ends.
  mutating func change(by n: Int, othersRun: Bool, at now: UInt64) {
    account(now)
    stalled &+= n
    isFull = stalled > 0 && !othersRun
    average(now)
  }

  private mutating func account(_ now: UInt64) {
    let elapsed = now &- changedAt
    changedAt = now
    guard stalled > 0 else { return }
    totals[0] &+= elapsed
    if isFull { totals[1] &+= elapsed }
  }

  /// update_averages(): periods in which nobody looked were without stalls but for the last.
  private mutating func average(_ now: UInt64) {
    guard now &- averagedAt >= Self.period else { return }
    let missed = (now &- averagedAt) / Self.period &- 1
    let length = now &- averagedAt &- missed &* Self.period
    averagedAt = now
    for kind in 0..<2 {
      let sample = min(totals[kind] &- averagedTotals[kind], length)
      averagedTotals[kind] &+= sample
      let share = (sample &* 100 / length) &<< 11
      for window in 0..<3 {
        // EXP_10s, EXP_60s, EXP_300s.
        let factor: UInt64 = window == 0 ? 1677 : window == 1 ? 1981 : 2034
        var load = averages[kind &* 3 &+ window]
        var rest = min(missed, 4096)
        while rest > 0 && load > 0 {
          load = Self.decay(load, factor, 0)
          rest &-= 1
        }
        averages[kind &* 3 &+ window] = Self.decay(load, factor, share)
      }
    }
  }

  /// calc_load().
  private static func decay(_ load: UInt64, _ factor: UInt64, _ active: UInt64) -> UInt64 {
    let sum = load &* factor &+ active &* (2048 &- factor)
    return (active >= load ? sum &+ 2047 : sum) &>> 11
  }

  /// What is told of some (0) or full (1): the averages in hundredths of a per cent of time, and
  /// all in microseconds.
  public mutating func figures(
    _ kind: Int, at now: UInt64
  ) -> (averages: InlineArray<3, UInt64>, total: UInt64) {
    account(now)
    average(now)
    var shown = InlineArray<3, UInt64>(repeating: 0)
    for window in 0..<3 {
      let load = averages[kind &* 3 &+ window]
      // LOAD_INT(), LOAD_FRAC().
      shown[window] = (load &>> 11) &* 100 &+ ((load & 2047) &* 100) &>> 11
    }
    return (shown, totals[kind] / 1000)
  }
}
