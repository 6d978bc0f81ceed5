// Exceptions of the kernel's own code, and what is said of them: Linux's oops, word for word.
//
// Terms
// - An *oops* is the report of an exception at EL1 that nothing expected: what it was, what the
//   tables say of the address, the registers, the callers, the instructions. It ends with the end of
//   the task that the kernel was working for (SIGSEGV); the machine goes on.
// - A *warning* is the same report of a `brk #0x800` whose entry in a bug table says so; the code
//   goes on behind it.
// - A *panic* ends the machine.
//
// What survives
// - An exception of a module, or of kernel code that a module called with something wrong, is
//   survived: the loader takes the module's call back (module_recover()) and the task dies on the
//   way back to its program.
// - An exception of the kernel's own Swift code outside any module's call is a fault of this kernel.
//   Linux would kill the task and hope. Here objects may be half changed, nothing says which, and a
//   figure that comes out afterwards would be believed: so the report is followed by a panic, as
//   with `kernel.panic_on_oops`, and the tool's exit code is 125. A failed precondition (`brk #1`)
//   is reported by ``death(_:_:_:)``, as ever.
//
// The vectors switch to a stack of their own before they come here, so that a task whose stack is
// used up can be reported on; an exception while that stack is in use is death.
//
// Source: arch/arm64/kernel/traps.c, arch/arm64/mm/fault.c, arch/arm64/kernel/process.c,
// kernel/panic.c, lib/bug.c of Linux 6.1.

import Arm64
import BoardFormat
import KernelAssembly
import KernelLog
import MemoryTypes
import ProcFS
import Tasks

/// Serves a synchronous exception of the kernel; returns where the code may go on, with the
/// registers that the context then holds.
@_cdecl("kernel_exception")
func kernelException(_ context: UnsafeMutableRawPointer, _ syndrome: UInt64) {
  let address = read_far()
  guard unsafe kernel_variables().pointee.dying == 0 else { unsafe death(context, syndrome, 0) }
  // SAFETY: the vectors stored a whole context there, and load it when this returns.
  let registers = unsafe KernelPointer(context.assumingMemoryBound(to: UserContext.self))
  let oops = Oops(
    registers: registers, syndrome: ExceptionSyndrome(syndrome), address: VirtualAddress(address))
  guard oops.hasStack else { oops.reportOverflow() }
  switch oops.syndrome.exceptionClass {
  case .dataAbortKernel, .instructionAbortKernel: oops.serveAbort()
  case .breakInstruction where oops.syndrome.immediate == Oops.bugImmediate: oops.serveBug()
  case .breakInstruction where !oops.isOfModule: unsafe death(context, syndrome, 0)
  case .breakInstruction: oops.serveBreak()
  case .programCounterAlignment: oops.die("SP/PC alignment exception")
  case .unknown, .systemInstruction: oops.die("Oops - Undefined instruction")
  default: oops.dieUnhandled()
  }
}

/// One exception at EL1.
struct Oops {
  let registers: KernelPointer<UserContext>
  let syndrome: ExceptionSyndrome
  /// FAR_EL1.
  let address: VirtualAddress

  /// The immediate of BUG() and WARN() (`BUG_BRK_IMM`).
  static var bugImmediate: UInt64 { 0x800 }

  var board: VirtBoard { VirtBoard() }
  var pc: UInt64 { registers.pointee.programCounter }

  func say(_ level: LogLevel = .byDefault, _ body: (inout LogLine) -> Void) {
    board.log(level, body)
  }
  func say(_ level: LogLevel, _ text: StaticString) { board.log(level, text) }
  func say(_ text: StaticString) { board.log(.byDefault, text) }

  /// The task that the kernel works for; nil before there are any.
  var task: KernelPointer<Task<VirtBoard>>? {
    unsafe kernel_variables().pointee.state == 0 ? nil : Kernel.state.current
  }
}
