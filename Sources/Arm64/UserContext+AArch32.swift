// The registers of a 32-bit program as an exception to AArch64 saves them (Arm ARM D1.20.2): r0–r12
// are x0–x12, r13 (SP) is x13 and r14 (LR) is x14, the program counter is ELR_EL1 and the CPSR is
// in SPSR_EL1, with M[4] set. SP_EL0 and x15–x30 are none of its business.

extension UserContext {
  /// Whether it is a 32-bit program's: SPSR_EL1.M[4] (`compat_user_mode()`).
  @inlinable public var isAArch32: Bool { processorState & ProgramStatus.isAArch32 != 0 }

  /// r13 (`compat_sp`).
  @inlinable public var sp32: UInt64 {
    get { x[13] & 0xffff_ffff }
    set { x[13] = newValue & 0xffff_ffff }
  }

  /// r14 (`compat_lr`).
  @inlinable public var lr32: UInt64 {
    get { x[14] & 0xffff_ffff }
    set { x[14] = newValue & 0xffff_ffff }
  }

  /// Whether instructions are Thumb's (`compat_thumb_mode()`).
  @inlinable public var isThumb: Bool { processorState & ProgramStatus.thumb != 0 }

  /// The stack pointer of the program, whichever it is (`user_stack_pointer()`).
  @inlinable public var anyStackPointer: UInt64 {
    get { isAArch32 ? sp32 : stackPointer }
    set { if isAArch32 { sp32 = newValue } else { stackPointer = newValue } }
  }

  /// The length of the instruction that made a system call, which a restarted call is made by
  /// again.
  @inlinable public var callLength: UInt64 { isThumb ? 2 : 4 }

  /// The registers with which a 32-bit program begins: user mode, and Thumb at an odd address
  /// (`compat_start_thread()`).
  public init(entry: UInt64, stack32: UInt64) {
    self.init()
    programCounter = entry & 0xffff_fffe
    processorState = ProgramStatus.user | (entry & 1 != 0 ? ProgramStatus.thumb : 0)
    sp32 = stack32
  }

  /// Goes on behind an instruction that was done for the program, and moves its IT block on
  /// (arch/arm64/kernel/traps.c:arm64_skip_faulting_instruction(), advance_itstate()).
  public mutating func skipInstruction(_ length: UInt64) {
    programCounter = (programCounter &+ length) & (isAArch32 ? 0xffff_ffff : .max)
    guard isAArch32, isThumb else { return }
    var state = ProgramStatus.ifThen(of: processorState)
    guard state != 0 else { return }
    // The last instruction of a block has nothing behind its condition.
    state = state & 7 == 0 ? 0 : state & 0xe0 | (state &<< 1) & 0x1f
    ProgramStatus.set(ifThen: state, in: &processorState)
  }
}

/// The bits of a 32-bit program's CPSR as SPSR_EL1 holds it (arch/arm64/include/asm/ptrace.h,
/// PSR_AA32_*).
public enum ProgramStatus {
  @inlinable public static var user: UInt64 { 0x10 }
  @inlinable public static var isAArch32: UInt64 { 0x10 }
  @inlinable public static var thumb: UInt64 { 0x20 }
  @inlinable public static var fastInterrupts: UInt64 { 0x40 }
  @inlinable public static var interrupts: UInt64 { 0x80 }
  @inlinable public static var aborts: UInt64 { 0x100 }
  @inlinable public static var bigEndian: UInt64 { 0x200 }
  /// Data independent timing: bit 24 in SPSR_EL1, 21 in the CPSR that programs see.
  @inlinable public static var dataIndependent: UInt64 { 0x0100_0000 }
  @inlinable public static var visibleDataIndependent: UInt64 { 0x0020_0000 }
  /// The state of an IT block: bits 26:25 and 15:10.
  @inlinable public static var ifThenMask: UInt64 { 0x0600_fc00 }

  /// The CPSR as a signal frame shows it (`pstate_to_compat_psr()`).
  @inlinable public static func visible(_ state: UInt64) -> UInt64 {
    state & ~dataIndependent
      | (state & dataIndependent != 0 ? visibleDataIndependent : 0)
  }

  /// The opposite of ``visible(_:)`` (`compat_psr_to_pstate()`).
  @inlinable public static func stored(_ status: UInt64) -> UInt64 {
    status & ~visibleDataIndependent
      | (status & visibleDataIndependent != 0 ? dataIndependent : 0)
  }

  /// What a program may set of the state, and whether it asked for nothing else
  /// (arch/arm64/kernel/ptrace.c:valid_compat_regs()).
  public static func valid(_ state: UInt64, mixedEndian: Bool) -> (state: UInt64, isValid: Bool) {
    // SPSR_EL1_AARCH32_RES0_BITS: 63:32, PAN and IL.
    var state = state & ~0xffff_ffff_0050_0000
    if !mixedEndian { state &= ~bigEndian }
    if state & 0x1f == user, state & (aborts | interrupts | fastInterrupts) == 0 {
      return (state, true)
    }
    state &= 0xf800_0000 | ifThenMask | 0x000f_0000 | bigEndian | thumb
    return (state | user, false)
  }

  /// The eight bits of ITSTATE, of their two places.
  @inlinable public static func ifThen(of state: UInt64) -> UInt64 {
    (state &>> 25) & 3 | (state &>> 8) & 0xfc
  }

  @inlinable public static func set(ifThen: UInt64, in state: inout UInt64) {
    state = state & ~ifThenMask | (ifThen & 3) &<< 25 | (ifThen & 0xfc) &<< 8
  }

  /// Whether a condition code of an instruction holds (aarch32_opcode_cond_checks[]).
  public static func holds(_ condition: UInt32, _ state: UInt64) -> Bool {
    let (n, z) = (state & 1 << 31 != 0, state & 1 << 30 != 0)
    let (c, v) = (state & 1 << 29 != 0, state & 1 << 28 != 0)
    let result =
      switch condition &>> 1 & 7 {
      case 0: z
      case 1: c
      case 2: n
      case 3: v
      case 4: c && !z
      case 5: n == v
      case 6: n == v && !z
      default: true
      }
    // 14 is always; 15 is no condition.
    return condition & 1 != 0 && condition < 14 ? !result : result
  }
}
