import Arm64
import KernelAssembly
import KernelLog
import MemoryTypes
import Tasks

/// Where the kernel was (arch/arm64/kernel/process.c: __show_regs(), stacktrace.c).
extension Oops {
  /// show_regs().
  func describeRegisters(callers: Bool = true) {
    describeTask()
    describeState()
    say { line in
      line.append("pc : ")
      Symbols.append(pc, to: &line)
    }
    say { line in
      line.append("lr : ")
      Symbols.append(registers.pointee.x[30], to: &line)
    }
    say { line in
      line.append("sp : ")
      line.append(hex: registers.pointee.stackPointer, digits: 16)
    }
    var index = 29
    while index >= 0 {
      say { line in
        for column in 0..<3 {
          let number = index &- column
          if column > 0 { line.append(" ") }
          line.append("x")
          line.append(decimal: UInt64(number))
          if number < 10 { line.append(" ") }
          line.append(": ")
          line.append(hex: registers.pointee.x[number], digits: 16)
        }
      }
      index &-= 3
    }
    guard callers else { return }
    say("Call trace:")
    forEachCaller { address in
      say { line in
        line.append(" ")
        Symbols.append(address, to: &line)
      }
    }
  }

  /// show_regs_print_info(): who, on what, and what happened before.
  private func describeTask() {
    say { line in
      line.append("CPU: 0 PID: ")
      line.append(decimal: UInt64(UInt32(bitPattern: task?.pointee.pid ?? 0)))
      line.append(" Comm: ")
      if let task { line.append(task.pointee.name) } else { line.append("swapper") }
      line.append(" ")
      Taint.describe(&line)
      line.append(" ")
      line.append(SystemName.release)
      line.append(" ")
      line.append(SystemName.version)
      line.append(" ")
    }
    say("Hardware name: linux,dummy-virt (DT)")
  }

  /// print_pstate().
  private func describeState() {
    let state = registers.pointee.processorState
    say { line in
      func letter(_ bit: UInt64, _ set: UInt8) {
        line.append(byte: state &>> bit & 1 != 0 ? set &- 0x20 : set)
      }
      func sign(_ bit: UInt64, _ name: StaticString) {
        line.append(state &>> bit & 1 != 0 ? " +" : " -")
        line.append(name)
      }
      line.append("pstate: ")
      line.append(hex: state, digits: 8)
      line.append(" (")
      letter(31, 0x6E)
      letter(30, 0x7A)
      letter(29, 0x63)
      letter(28, 0x76)
      line.append(" ")
      letter(9, 0x64)
      letter(8, 0x61)
      letter(7, 0x69)
      letter(6, 0x66)
      sign(22, "PAN")
      sign(23, "UAO")
      sign(25, "TCO")
      sign(24, "DIT")
      sign(12, "SSBS")
      line.append(" BTYPE=")
      switch state &>> 10 & 3 {
      case 0: line.append("--")
      case 1: line.append("jc")
      case 2: line.append("-c")
      default: line.append("j-")
      }
      line.append(")")
    }
  }

  /// Visits the program counter and the callers that the chain of frame records names, as far as it
  /// rises through memory that is mapped.
  func forEachCaller(_ body: (UInt64) -> Void) {
    body(pc)
    var frame = registers.pointee.x[29]
    for _ in 0..<64 {
      guard frame & 7 == 0, VirtualAddress(frame).isKernelHalf, Self.canRead(frame),
        Self.canRead(frame &+ 8)
      else { return }
      // SAFETY: the MMU says that both words can be read.
      let record = unsafe UnsafePointer<UInt64>(bitPattern: UInt(frame)).unsafelyUnwrapped
      let (next, caller) = unsafe (record[0], record[1])
      // Behind the start-up code, which is gone, nothing follows.
      guard caller != 0, !(address_of_init_start()..<address_of_init_end()).contains(caller) else {
        return
      }
      body(caller)
      guard next > frame else { return }
      frame = next
    }
  }

  /// Whether EL1 may read there.
  static func canRead(_ address: UInt64) -> Bool { translate_kernel_read(address) & 1 == 0 }

  /// The instructions before the program counter and at it (dump_kernel_instr()).
  func describeCode() {
    say(.emergency) { line in
      line.append("Code: ")
      for step in 0..<5 {
        let place = pc &- 16 &+ UInt64(step) &* 4
        guard place & 3 == 0, VirtualAddress(place).isKernelHalf, Self.canRead(place) else {
          line.append("bad PC value")
          return
        }
        // SAFETY: the MMU says that the word can be read.
        let word = unsafe UnsafePointer<UInt32>(bitPattern: UInt(place)).unsafelyUnwrapped.pointee
        if step == 4 { line.append("(") }
        line.append(hex: UInt64(word), digits: 8)
        line.append(step == 4 ? ") " : " ")
      }
    }
  }
}
