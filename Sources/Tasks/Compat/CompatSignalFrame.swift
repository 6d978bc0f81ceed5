import MemoryTypes

/// What a 32-bit program's handler finds on its stack, as offsets from its start
/// (arch/arm64/include/asm/signal32.h: `compat_sigframe`, `compat_rt_sigframe`).
///
/// ```
/// with SA_SIGINFO      without
///    0                            siginfo     128 bytes; r1 points here
///  128                   0        ucontext    r2 points here
///  128                   0          flags, link
///  136                   8          the other stack: pointer, flags, size
///  148                  20          trap, error, mask, r0–r15, CPSR, fault address: 21 words
///  232                 104          the mask to go back to
///  360                 232          VFP: magic, size, d0–d31, FPSCR, FPEXC and two more: 288 bytes
///  648                 520          a zero that ends the list
///  880                 752        end
/// ```
enum CompatSignalFrame {
  static var informationLength: UInt64 { 128 }
  static var contextLength: UInt64 { 752 }

  /// What is written of `ucontext`, in words: up to the zero behind the VFP registers.
  typealias Image = InlineArray<132, UInt32>

  // Words of the image.
  static var otherStack: Int { 2 }
  static var errorCode: Int { 6 }
  static var oldMask: Int { 7 }
  static var registers: Int { 8 }
  static var status: Int { 24 }
  static var faultAddress: Int { 25 }
  static var mask: Int { 26 }
  static var vectors: Int { 58 }
  static var vectorRegisters: Int { 60 }
  static var vectorStatus: Int { 124 }
  static var vectorException: Int { 126 }

  static var vectorMagic: UInt32 { 0x5646_5001 }
  static var vectorLength: UInt32 { 288 }
  /// What a frame without `siginfo` has for flags.
  static var shortFlags: UInt32 { 0x5ac3_c35a }
  /// The parts of FPSCR that are FPSR's and FPCR's (VFP_FPSCR_STAT_MASK, VFP_FPSCR_CTRL_MASK).
  static var statusMask: UInt64 { 0xf800_009f }
  static var controlMask: UInt64 { 0x07f7_9f00 }
}

/// A `siginfo` as 32-bit programs have it: its fields begin a word earlier, and numbers of 64 bits
/// have 32 (kernel/signal.c:copy_siginfo_to_external32()).
public struct CompatSignalInformation: BitwiseCopyable, Sendable {
  public private(set) var words = InlineArray<32, UInt32>(repeating: 0)

  public init(_ info: SignalInfo) {
    let long = [info.first, info.second, info.third, info.fourth] as InlineArray<4, UInt64>
    /// The words behind the first three, by their place in the 64-bit structure.
    func half(_ index: Int) -> UInt32 {
      UInt32(truncatingIfNeeded: long[index / 2] &>> UInt64((index & 1) &* 32))
    }
    words[0] = UInt32(bitPattern: info.number)
    words[1] = UInt32(bitPattern: info.errorNumber)
    words[2] = UInt32(bitPattern: info.code)
    switch info.layout {
    case .fault:  // an address
      words[3] = half(0)
    case .poll:  // a band, and a descriptor
      words[3] = half(0)
      words[4] = half(2)
    case .child:  // pid, uid, status; times
      for index in 0..<3 { words[3 &+ index] = half(index) }
      words[6] = half(4)
      words[7] = half(6)
    case .systemCall:  // an address, number, machine
      words[3] = half(0)
      words[4] = half(2)
      words[5] = half(3)
    case .kill, .timer, .queue:
      // pid and uid, or timer and overruns; then a value.
      for index in 0..<3 { words[3 &+ index] = half(index) }
    }
  }
}
