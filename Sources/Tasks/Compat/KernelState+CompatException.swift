import AddressSpaces
public import Arm64
import Files
public import MemoryTypes

/// Exceptions of 32-bit programs other than system calls
/// (arch/arm64/kernel/entry-common.c:el0t_32_sync_handler()).
extension KernelState {
  /// Serves an exception that a 32-bit program caused, from the vectors.
  ///
  /// What both kinds of programs can cause is served as for 64-bit ones. Here is what only AArch32
  /// has: instructions that ARMv8 has given up and Linux performs for the program, BKPT, and
  /// multiple loads and stores at addresses that are no multiple of four.
  public func handleCompatException(_ syndrome: ExceptionSyndrome, faultAddress: VirtualAddress) {
    let context = current.pointee.context
    switch syndrome.classCode {
    case 0x01:  // WFI, WFE: did nothing
      context.pointee.skipInstruction(Self.length(syndrome))
    case 0x00, 0x05, 0x06, 0x0c:  // undefined, or of coprocessor 14
      performDeprecated(syndrome)
    case 0x03, 0x04:  // of coprocessor 15
      performCoprocessor(syndrome)
    case 0x28:
      noteException(0)
      raiseFault(
        .floatingPoint, "FP exception",
        SignalCause(code: 0, address: context.pointee.programCounter), syndrome: syndrome.rawValue)
    case 0x38:
      noteException(syndrome.rawValue)
      raiseFault(
        .trap, "aarch32 BKPT",
        SignalCause(code: SignalCause.breakpoint, address: context.pointee.programCounter),
        syndrome: syndrome.rawValue)
    case 0x24 where syndrome.rawValue & 0x3f == 0x21:
      // arch/arm64/mm/fault.c:do_alignment_fault()
      if !fixAlignment(faultAddress) {
        noteException(syndrome.rawValue)
        raiseFault(
          .bus, "alignment fault",
          SignalCause(code: SignalCause.misaligned, address: faultAddress.rawValue),
          syndrome: syndrome.rawValue)
      }
    default:
      handleUserException(syndrome, faultAddress: faultAddress)
      return
    }
    if current.pointee.attention != 0 { deliverSignals() }
  }

  /// The length of the instruction that trapped: ESR_EL1.IL.
  private static func length(_ syndrome: ExceptionSyndrome) -> UInt64 {
    syndrome.rawValue & 1 &<< 25 != 0 ? 4 : 2
  }

  /// The instruction at the program counter, a 32-bit one of Thumb with its first half above;
  /// nil if it cannot be read.
  func compatInstruction() -> (word: UInt32, length: UInt64)? {
    let context = current.pointee.context
    guard let space = current.pointee.memory.space else { return nil }
    let pc = VirtualAddress(context.pointee.programCounter & 0xffff_ffff)
    do throws(Errno) {
      guard context.pointee.isThumb else {
        return (try space.pointee.copyIn(UInt32.self, from: pc), 4)
      }
      let first = try space.pointee.copyIn(UInt16.self, from: pc)
      // aarch32_insn_is_wide()
      guard first >= 0xe800 else { return (UInt32(first), 2) }
      let second = try space.pointee.copyIn(UInt16.self, from: pc + ByteCount(2))
      return (UInt32(first) &<< 16 | UInt32(second), 4)
    } catch { return nil }
  }

  /// Performs an instruction that ARMv8 leaves undefined, or raises SIGILL (do_el0_undef()).
  ///
  /// These are CP15's barriers and SETEND (armv8_deprecated.c). SWP is "obsolete", which Linux leaves undefined
  /// unless /proc/sys/abi/swp says otherwise; the instructions that debuggers break with trap.
  private func performDeprecated(_ syndrome: ExceptionSyndrome) {
    let context = current.pointee.context
    if let (word, length) = compatInstruction() {
      let isThumb = context.pointee.isThumb
      // aarch32_break_handler()
      let isBreak =
        isThumb ? word == 0xde01 || word == 0xf7f0_a000 : word & 0x0fff_ffff == 0x07f0_01f0
      if isBreak {
        noteException(0)
        raiseFault(
          .trap, "breakpoint",
          SignalCause(code: SignalCause.breakpoint, address: context.pointee.programCounter),
          syndrome: syndrome.rawValue)
        return
      }
      // MCR p15, 0, Rt, c7, c10, 4 or 5 and c7, c5, 4: an exception is barrier enough.
      let isBarrier = word & 0x0fff_0fdf == 0x0e07_0f9a || word & 0x0fff_0fff == 0x0e07_0f95
      if isBarrier && word &>> 28 != 15 {
        context.pointee.skipInstruction(length)
        return
      }
      let isSetEnd = isThumb ? word & 0xffff_fff7 == 0xb650 : word & 0xffff_fdff == 0xf101_0000
      if isSetEnd && hasMixedEndian {
        if word & (isThumb ? 8 : 0x200) != 0 {
          context.pointee.processorState |= ProgramStatus.bigEndian
        } else {
          context.pointee.processorState &= ~ProgramStatus.bigEndian
        }
        context.pointee.skipInstruction(length)
        return
      }
    }
    noteException(0)
    raiseFault(
      .illegalInstruction, "undefined instruction",
      SignalCause(code: SignalCause.illegalOpcode, address: context.pointee.programCounter),
      syndrome: syndrome.rawValue)
  }

  /// Reads of the counter and its frequency, where the CPU does not let programs make them; any
  /// other is undefined (arch/arm64/kernel/traps.c:do_el0_cp15()).
  private func performCoprocessor(_ syndrome: ExceptionSyndrome) {
    let context = current.pointee.context
    let raw = syndrome.rawValue
    // The condition, as far as the syndrome knows it (cp15_cond_valid()).
    let condition = raw & 1 &<< 24 != 0 ? UInt32(truncatingIfNeeded: raw &>> 20) & 15 : 14
    guard ProgramStatus.holds(condition, context.pointee.processorState) else {
      context.pointee.skipInstruction(Self.length(syndrome))
      return
    }
    let target = Int(truncatingIfNeeded: raw &>> 5) & 31
    // MRC p15, 0, Rt, c14, c0, 0 (ESR_ELx_CP15_32_ISS_SYS_CNTFRQ)
    if syndrome.classCode == 3, raw & 0xf_fc1f == 0x3801, target < 15 {
      context.pointee.x[target] = board.clock.frequency & 0xffff_ffff
      context.pointee.skipInstruction(4)
      return
    }
    // MRRC p15, 1, Rt, Rt2, c14 (ESR_ELx_CP15_64_ISS_SYS_CNTVCT)
    let second = Int(truncatingIfNeeded: raw &>> 10) & 31
    if syndrome.classCode == 4, raw & 0xf_001f == 0x1_001d, target < 15, second < 15 {
      let ticks = board.clock.ticks
      context.pointee.x[target] = ticks & 0xffff_ffff
      context.pointee.x[second] = ticks &>> 32
      context.pointee.skipInstruction(4)
      return
    }
    performDeprecated(syndrome)
  }

  /// Whether EL0 may have big-endian data: ID_AA64MMFR0_EL1.BigEnd or BigEndEL0
  /// (system_supports_mixed_endian_el0()).
  var hasMixedEndian: Bool {
    let features = board.idRegisters.mmfr0
    return (features &>> 8) & 15 == 1 || (features &>> 16) & 15 == 1
  }
}
