/// What adjtimex was told of the clock (kernel/time/ntp.c), in its units.
///
/// The machine's clock is exact, and its speed is not changed: what is stored is told again.
public struct ClockDiscipline: BitwiseCopyable, Sendable {
  public var offset: Int64 = 0
  public var frequency: Int64 = 0
  public var maximumError: Int64 = 16_000_000
  public var estimatedError: Int64 = 16_000_000
  /// STA_UNSYNC: nobody keeps it.
  public var status: Int32 = 0x40
  public var constant: Int64 = 2
  /// Microseconds between ticks of a hundredth of a second.
  public var tick: Int64 = 10_000
  /// What adjtime still has to add, in microseconds.
  public var adjustment: Int64 = 0

  public init() {}

  /// Whether it counts nanoseconds (STA_NANO).
  public var countsNanoseconds: Bool { status & 0x2000 != 0 }

  /// Takes what the modes of `struct timex` say is new (process_adjtimex_modes()).
  public mutating func set(_ modes: UInt32, _ new: ClockDiscipline) {
    if modes & 0x10 != 0 {  // ADJ_STATUS, but for what is only told (STA_RONLY)
      if status & 1 != 0 && new.status & 1 == 0 { status = 0x40 }
      status = status & 0xff00 | new.status & 0xff
    }
    if modes & 0x2000 != 0 { status |= 0x2000 }
    if modes & 0x1000 != 0 { status &= ~0x2000 }
    if modes & 2 != 0 { frequency = min(max(new.frequency, -32_768_000), 32_768_000) }
    if modes & 4 != 0 { maximumError = min(max(new.maximumError, 0), 16_000_000) }
    if modes & 8 != 0 { estimatedError = min(max(new.estimatedError, 0), 16_000_000) }
    if modes & 0x20 != 0 {
      constant = min(max(new.constant, 0), 10)
      if !countsNanoseconds { constant &+= 4 }
      constant = min(constant, 10)
    }
    // Only a phase-locked loop takes an offset (ntp_update_offset()).
    if modes & 1 != 0, status & 1 != 0 {
      let most: Int64 = countsNanoseconds ? 500_000_000 : 500_000
      offset = min(max(new.offset, -most), most)
    }
    if modes & 0x4000 != 0 { tick = new.tick }
  }
}
