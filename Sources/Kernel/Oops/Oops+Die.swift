import Arm64
import BoardFormat
import KernelAssembly
import KernelLog
import KernelLayout
import MemoryTypes
import ProcFS
import Tasks

extension Oops {
  /// Reports, and ends the task or the machine (arch/arm64/kernel/traps.c: die()).
  func die(_ what: StaticString, withInterruptsOff: Bool = false) -> Never {
    board.kernelLog?.pointee.shownLevel = 15  // console_verbose()
    let count = unsafe kernel_variables().pointee.oopses &+ 1
    unsafe kernel_variables().pointee.oopses = count
    say(.emergency) { line in
      line.append("Internal error: ")
      line.append(what)
      line.append(": ")
      line.append(hex: syndrome.rawValue, digits: 16)
      line.append(" [#")
      line.append(decimal: count)
      line.append("] SMP")
    }
    OopsModules.list(board)
    describeRegisters()
    describeCode()
    Taint.add(.died)
    say(.warning, "---[ end trace 0000000000000000 ]---")
    let survives = isOfModule && OopsModules.canRecover
    if !survives || ProcFS(Kernel.state).panicsOnOops {
      Panic.panic { line in
        line.append(what)
        line.append(": Fatal exception")
      }
    }
    endTask(withInterruptsOff)
  }

  /// An exception of a class that nothing at EL1 should cause (arch/arm64/kernel/entry-common.c:
  /// __panic_unhandled()).
  func dieUnhandled() -> Never {
    board.kernelLog?.pointee.shownLevel = 15
    say(.critical) { line in
      line.append("Unhandled 64-bit el1h sync exception on CPU0, ESR 0x")
      line.append(hex: syndrome.rawValue, digits: 16)
      line.append(" -- ")
      line.append(syndrome.className)
    }
    describeRegisters(callers: false)
    Panic.panic { $0.append("Unhandled exception") }
  }

  /// make_task_dead(): the task ends by SIGSEGV when the module's call has been taken back.
  private func endTask(_ withInterruptsOff: Bool) -> Never {
    let kernel = Kernel.state
    let task = kernel.current
    if withInterruptsOff {
      say(.information) { line in
        line.append("note: ")
        line.append(task.pointee.name)
        line.append("[")
        line.append(decimal: UInt64(UInt32(bitPattern: task.pointee.pid)))
        line.append("] exited with irqs disabled")
      }
    }
    let limit = ProcFS(kernel).oopsLimit
    if limit > 0, unsafe kernel_variables().pointee.oopses >= limit {
      Panic.panic { line in
        line.append("Oopsed too often (kernel.oops_limit is ")
        line.append(decimal: limit)
        line.append(")")
      }
    }
    if task != kernel.initTask { kernel.endByOops() }
    OopsModules.recover()
  }

  /// Whether a module's code was at work: at the program counter, among the callers, or lost
  /// outside the image while a module's call was on.
  var isOfModule: Bool {
    guard unsafe kernel_variables().pointee.state != 0 else { return false }
    let image = address_of_text_start()..<address_of_text_end()
    if OopsModules.canRecover, !image.contains(pc) { return true }
    let modules = Kernel.state.layout.modulesStart..<Kernel.state.layout.modulesEnd
    var found = modules.contains(VirtualAddress(registers.pointee.x[30]))
    forEachCaller { if modules.contains(VirtualAddress($0)) { found = true } }
    return found
  }

  // MARK: the stack

  /// Whether the stack had room for the exception's registers, as an entry of Linux needs it.
  var hasStack: Bool {
    let sp = registers.pointee.stackPointer
    return sp & 15 == 0 && translate_kernel_write(sp &- 16) & 1 == 0
      && translate_kernel_write(sp &- UInt64(MemoryLayout<UserContext>.size)) & 1 == 0
  }

  /// The stack of the task that the kernel works for; process 1 runs on the boot stack.
  static var taskStack: Range<UInt64> {
    guard unsafe kernel_variables().pointee.state != 0,
      Kernel.state.current != Kernel.state.initTask
    else { return address_of_boot_stack_start()..<address_of_boot_stack_end() }
    let start = Kernel.state.current.pointee.kernelStack.start.rawValue
    return start..<start &+ Kernel.state.layout.threadSize.rawValue
  }

  /// panic_bad_stack().
  func reportOverflow() -> Never {
    board.kernelLog?.pointee.shownLevel = 15
    say(.emergency, "Insufficient stack space to handle exception!")
    say(.emergency) { line in
      line.append("ESR: 0x")
      line.append(hex: syndrome.rawValue, digits: 16)
      line.append(" -- ")
      line.append(syndrome.className)
    }
    say(.emergency) { line in
      line.append("FAR: 0x")
      line.append(hex: address.rawValue, digits: 16)
    }
    let (low, high) = (Self.taskStack.lowerBound, Self.taskStack.upperBound)
    stack("Task stack:     ", low, high)
    // Interrupts come while programs run, and use the task's stack.
    stack("IRQ stack:      ", 0, high &- low)
    let end = address_of_death_stack_end()
    stack("Overflow stack: ", end &- 16384, end)
    describeRegisters(callers: false)
    Panic.panic { $0.append("kernel stack overflow") }
  }

  private func stack(_ name: StaticString, _ low: UInt64, _ high: UInt64) {
    say(.emergency) { line in
      line.append(name)
      line.append("[0x")
      line.append(hex: low, digits: 16)
      line.append("..0x")
      line.append(hex: high, digits: 16)
      line.append("]")
    }
  }
}
