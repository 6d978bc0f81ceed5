/// The registers of a program as an exception saves them, and as `ERET` puts them back.
///
/// The vectors store and load it by offset, so fields and order are fixed: x0–x30, SP_EL0,
/// ELR_EL1, SPSR_EL1, the first argument of the call being served (x0 before its result), and the
/// number of that call or -1. Linux's `pt_regs` begins the same way.
public struct UserContext: BitwiseCopyable, Sendable {
  public var x: InlineArray<31, UInt64> = .init(repeating: 0)
  public var stackPointer: UInt64 = 0
  public var programCounter: UInt64 = 0
  /// PSTATE in SPSR form; 0 is EL0, AArch64, interrupts open.
  public var processorState: UInt64 = 0
  public var originalX0: UInt64 = 0
  public var systemCallNumber: Int64 = -1

  public init() {}
}
