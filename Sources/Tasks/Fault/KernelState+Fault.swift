import AddressSpaces
public import Arm64
import BoardFormat
import Files
public import MemoryTypes

/// Exceptions of programs other than system calls (arch/arm64/kernel/entry-common.c, mm/fault.c).
extension KernelState {
  /// Serves an exception that a program caused, from the vectors; returns when the program may go
  /// on.
  ///
  /// - Parameters:
  ///   - syndrome: ESR_EL1.
  ///   - faultAddress: FAR_EL1, meaningful for aborts.
  @inline(__always)
  public func handleUserException(_ syndrome: ExceptionSyndrome, faultAddress: VirtualAddress) {
    if (syndrome.isDataAbort || syndrome.isInstructionAbort) && isMemoryFault(syndrome) {
      handleMemoryFault(syndrome, faultAddress)
    } else {
      endByException(syndrome, faultAddress)
    }
    if current.pointee.attention != 0 { deliverSignals() }
  }

  /// Whether an abort is about a missing page or permission: do_page_fault()'s part of the table.
  @inline(__always)
  private func isMemoryFault(_ syndrome: ExceptionSyndrome) -> Bool {
    syndrome.isTranslationFault || syndrome.isPermissionFault || syndrome.isAccessFlagFault
  }

  @inline(__always)
  private func handleMemoryFault(_ syndrome: ExceptionSyndrome, _ faultAddress: VirtualAddress) {
    // TBI: the tag byte is no part of the address.
    let address = faultAddress.untagged
    var access: FaultAccess = .read
    if syndrome.isInstructionAbort {
      access = .execute
    } else if syndrome.isWrite {
      access = .write
    }
    guard !address.isKernelHalf, let space = current.pointee.memory.space else {
      statistics.pointee.signalFaults &+= 1
      endByMemory(.notMapped, faultAddress, syndrome)
      return
    }
    if board.traced.contains(.faults) { traceStack() }
    let outcome = space.pointee.handleFault(at: address, access)
    if outcome != .resolved { endByMemory(outcome, faultAddress, syndrome) }
  }

  /// A fault that was not resolved: a signal, or room is made.
  @inline(never)
  private func endByMemory(
    _ outcome: FaultOutcome, _ address: VirtualAddress, _ syndrome: ExceptionSyndrome
  ) {
    switch outcome {
    case .resolved: return
    case .outOfMemory:
      // The instruction is executed again; who is to die instead has a signal waiting.
      makeRoom()
      return
    case .beingRead:
      waitForPage()
      return
    case .notMapped, .accessDenied, .beyondObject:
      let isBus = outcome == .beyondObject
      let code =
        outcome == .notMapped
        ? SignalCause.notMapped
        : isBus ? SignalCause.noSuchAddress : SignalCause.accessDenied
      noteFault(address, syndrome)
      raiseFault(
        isBus ? .bus : .segmentationViolation, isBus ? "bus error" : "page fault",
        SignalCause(code: code, address: address.rawValue), syndrome: syndrome.rawValue)
    }
  }

  /// Keeps what frames show of a fault: the address without its tag, the syndrome
  /// (mm/fault.c:set_thread_esr()).
  ///
  /// Of a kernel address a program learns no more than that there is nothing.
  private func noteFault(_ address: VirtualAddress, _ syndrome: ExceptionSyndrome) {
    let task = current
    task.pointee.faultAddress = address.rawValue & address.untagged.rawValue
    task.pointee.faultCode = syndrome.rawValue
    guard address.untagged.isKernelHalf else { return }
    // Class, length, and of a data abort cache maintenance and direction; no mapping at level 0.
    let kept: UInt64 = syndrome.isDataAbort ? 0xfe00_0140 : 0xfe00_0000
    task.pointee.faultCode = syndrome.rawValue & kept | 0x04
  }

  /// The same of an exception that is not about an address (arm64_notify_die()).
  func noteException(_ code: UInt64) {
    current.pointee.faultAddress = 0
    current.pointee.faultCode = code
  }

  /// Everything that is not about memory, by class.
  @inline(never)
  private func endByException(_ syndrome: ExceptionSyndrome, _ faultAddress: VirtualAddress) {
    let pc = current.pointee.context.pointee.programCounter
    let raw = syndrome.rawValue
    switch syndrome.exceptionClass {
    case .dataAbortUser, .instructionAbortUser:
      // Alignment (0x21) is the program's, the rest are the machine's; all are SIGBUS
      // (fault_info[] of mm/fault.c).
      let isAlignment = raw & 0x3f == 0x21
      noteFault(faultAddress, syndrome)
      raiseFault(
        .bus, isAlignment ? "alignment fault" : "external abort",
        SignalCause(
          code: isAlignment ? SignalCause.misaligned : 3, address: faultAddress.rawValue),
        syndrome: raw)
    case .programCounterAlignment:
      noteException(raw)
      raiseFault(
        .bus, "pc alignment",
        SignalCause(code: SignalCause.misaligned, address: faultAddress.rawValue), syndrome: raw)
    case .stackPointerAlignment:
      noteException(raw)
      raiseFault(
        .bus, "sp alignment", SignalCause(code: SignalCause.misaligned, address: pc),
        syndrome: raw)
    case .floatingPointException:
      raiseFault(.floatingPoint, "FP exception", SignalCause(code: 0, address: pc), syndrome: raw)
    case .breakInstruction where serveProbe(raw & 0xffff): return
    case .breakInstruction, .breakpointUser, .softwareStepUser, .watchpointUser:
      raiseFault(
        .trap, "breakpoint", SignalCause(code: SignalCause.breakpoint, address: pc),
        syndrome: raw)
    default:
      noteException(0)
      raiseFault(
        .illegalInstruction, "undefined instruction",
        SignalCause(code: SignalCause.illegalOpcode, address: pc), syndrome: raw)
    }
  }
}
