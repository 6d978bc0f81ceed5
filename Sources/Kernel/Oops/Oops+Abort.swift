import AddressSpaces
import Arm64
import KernelAssembly
import KernelLog
import MemoryTypes
import Tasks

/// Aborts (arch/arm64/mm/fault.c).
extension Oops {
  /// do_mem_abort(), of EL1.
  func serveAbort() {
    let isUser = !address.untagged.isKernelHalf
    if isUser && syndrome.isPermissionFault {
      dieOfFault(
        syndrome.isInstructionAbort
          ? "execution of user memory" : "access to user memory outside uaccess routines")
    }
    if isUser, syndrome.isTranslationFault || syndrome.isAccessFlagFault, isOfModule, bringIn() {
      return
    }
    if syndrome.isPermissionFault {
      dieOfFault(
        syndrome.isInstructionAbort
          ? "execute from non-executable memory"
          : syndrome.rawValue & 0x40 != 0
            ? "write to read-only memory" : "read from unreadable memory")
    }
    dieOfFault(
      address.rawValue < board.pageSize.bytes.rawValue
        ? "NULL pointer dereference" : "paging request")
  }

  /// Has the program's page brought in, as do_page_fault() does for whoever touched it; the access
  /// that is then made again is refused where the CPU has PAN.
  private func bringIn() -> Bool {
    guard let space = task?.pointee.memory.space else { return false }
    var access: FaultAccess = .read
    if syndrome.isInstructionAbort {
      access = .execute
    } else if syndrome.isWrite {
      access = .write
    }
    return space.pointee.handleFaultInPlace(at: address.untagged, access) == .resolved
  }

  /// die_kernel_fault().
  private func dieOfFault(_ what: StaticString) -> Never {
    say(.alert) { line in
      line.append("Unable to handle kernel ")
      line.append(what)
      line.append(" at virtual address ")
      line.append(hex: address.rawValue, digits: 16)
    }
    describeAbort()
    describeTables()
    die("Oops")
  }

  /// mem_abort_decode(), data_abort_decode().
  private func describeAbort() {
    let raw = syndrome.rawValue
    func bits(_ shift: UInt64, _ width: UInt64 = 1) -> UInt64 {
      raw &>> shift & ((1 &<< width) &- 1)
    }
    say(.alert, "Mem abort info:")
    say(.alert) { line in
      line.append("  ESR = 0x")
      line.append(hex: raw, digits: 16)
    }
    say(.alert) { line in
      line.append("  EC = 0x")
      line.append(hex: syndrome.classCode, digits: 2)
      line.append(": ")
      line.append(syndrome.className)
      line.append(bits(25) != 0 ? ", IL = 32 bits" : ", IL = 16 bits")
    }
    pair("  SET = ", bits(11, 2), ", FnV = ", bits(10))
    pair("  EA = ", bits(9), ", S1PTW = ", bits(7))
    say(.alert) { line in
      line.append("  FSC = 0x")
      line.append(hex: bits(0, 6), digits: 2)
      line.append(": ")
      syndrome.appendFaultName(to: &line)
    }
    guard syndrome.isDataAbort else { return }
    say(.alert, "Data abort info:")
    if bits(24) != 0 {
      say(.alert) { line in
        line.append("  Access size = ")
        line.append(decimal: 1 &<< bits(22, 2))
        line.append(" byte(s)")
      }
      pair("  SSE = ", bits(21), ", SRT = ", bits(16, 5))
      pair("  SF = ", bits(15), ", AR = ", bits(14))
    } else {
      say(.alert) { line in
        line.append("  ISV = 0, ISS = 0x")
        line.append(hex: syndrome.syndrome, digits: 8)
      }
    }
    pair("  CM = ", bits(8), ", WnR = ", bits(6))
  }

  private func pair(
    _ first: StaticString, _ one: UInt64, _ second: StaticString, _ other: UInt64
  ) {
    say(.alert) { line in
      line.append(first)
      line.append(decimal: one)
      line.append(second)
      line.append(decimal: other)
    }
  }
}

extension ExceptionSyndrome {
  /// The class by Linux's name (`esr_class_str`), of those that EL1 can cause at EL1.
  var className: StaticString {
    switch classCode {
    case 0x00: "Unknown/Uncategorized"
    case 0x07: "ASIMD"
    case 0x0d: "BTI"
    case 0x0e: "PSTATE.IL"
    case 0x15: "SVC (AArch64)"
    case 0x16: "HVC (AArch64)"
    case 0x17: "SMC (AArch64)"
    case 0x18: "MSR/MRS (AArch64)"
    case 0x19: "SVE"
    case 0x1c: "FPAC"
    case 0x1d: "SME"
    case 0x20: "IABT (lower EL)"
    case 0x21: "IABT (current EL)"
    case 0x22: "PC Alignment"
    case 0x24: "DABT (lower EL)"
    case 0x25: "DABT (current EL)"
    case 0x26: "SP Alignment"
    case 0x2f: "SError"
    case 0x31: "Breakpoint (current EL)"
    case 0x33: "Software Step (current EL)"
    case 0x35: "Watchpoint (current EL)"
    case 0x3c: "BRK (AArch64)"
    default: "UNRECOGNIZED EC"
    }
  }

  /// Appends the fault status by Linux's name (`fault_info`).
  func appendFaultName(to line: inout LogLine) {
    let code = rawValue & 0x3f
    func level(_ name: StaticString) {
      line.append("level ")
      line.append(decimal: code & 3)
      line.append(name)
    }
    switch code {
    case 0: line.append("ttbr address size fault")
    case 1...3: level(" address size fault")
    case 4...7: level(" translation fault")
    case 9...11: level(" access flag fault")
    case 13...15: level(" permission fault")
    case 16: line.append("synchronous external abort")
    case 17: line.append("synchronous tag check fault")
    case 20...23: level(" (translation table walk)")
    case 24: line.append("synchronous parity or ECC error")
    case 28...31: level(" synchronous parity error (translation table walk)")
    case 33: line.append("alignment fault")
    case 48: line.append("TLB conflict abort")
    case 49: line.append("Unsupported atomic hardware update fault")
    case 52: line.append("implementation fault (lockdown abort)")
    case 53: line.append("implementation fault (unsupported exclusive)")
    case 61: line.append("section domain fault")
    case 62: line.append("page domain fault")
    default:
      line.append("unknown ")
      line.append(decimal: code)
    }
  }
}
