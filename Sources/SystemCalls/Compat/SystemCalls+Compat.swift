// System calls of 32-bit programs (arch/arm64/kernel/syscall.c:do_el0_svc_compat(), the table of
// arch/arm64/include/asm/unistd32.h).
//
// A 32-bit program has numbers of its own (in r7), arguments of 32 bits (r0 to r5), and lays out
// some structures differently; what a call does is the same. So nothing is done here. There are two
// kinds of calls:
// - *Direct* ones differ in the number alone. ``SystemCalls/directNumber(_:)`` has them.
// - *Converted* ones are served by a ``CompatCall``, which puts the arguments that the 64-bit call
//   wants into registers of its own (a second `UserContext`), converts structures into a window
//   behind the program's address space (``AddressSpaces/ArgumentWindow``), makes the 64-bit call,
//   and converts back what it answered.

import AddressSpaces
public import Arm64
import BoardFormat
public import MemoryTypes
public import Tasks

extension SystemCalls {
  /// Serves the call that the registers of the current task, a 32-bit program's, describe.
  @inline(__always)
  public static func dispatchCompat<B: Processor>(
    _ kernel: KernelState<B>, _ context: KernelPointer<UserContext>
  ) {
    let task = kernel.current
    // What the upper halves hold is the CPU's business (Arm ARM D1.20.2); no argument has any.
    for index in 0..<8 { context.pointee.x[index] &= 0xffff_ffff }
    let number = UInt32(truncatingIfNeeded: context.pointee.x[7])
    if let space = task.pointee.memory.space {
      let direct = directNumber(number)
      let result: UInt64
      if direct != 0 {
        count(kernel, UInt64(direct))
        result = SystemCall(kernel: kernel, task: task, space: space, context: context).serve(
          UInt64(direct))
      } else {
        result = convert(kernel, space, context, number)
      }
      context.pointee.x[0] = result
    }
    if task.pointee.attention != 0 { kernel.deliverSignals() }
  }

  /// Counts a call under the number that 64-bit programs make it by.
  @inline(__always)
  static func count<B: Processor>(_ kernel: KernelState<B>, _ number: UInt64) {
    guard number < UInt64(Statistics.systemCallNumbers) else { return }
    kernel.statistics.pointee.systemCalls[Int(truncatingIfNeeded: number)] &+= 1
  }

  /// Serves a call whose arguments must be converted.
  @inline(never)
  private static func convert<B: Processor>(
    _ kernel: KernelState<B>, _ space: KernelPointer<AddressSpace<B>>,
    _ context: KernelPointer<UserContext>, _ number: UInt32
  ) -> UInt64 {
    var registers = UserContext()
    var window = CompatCall<B>.Window(repeating: 0)
    var span = window.mutableSpan
    let task = kernel.current
    // SAFETY: both are locals, and the call that uses them ends before this function does: a task
    // that dies in a call does so when it is about to go back to its program.
    let result = unsafe withUnsafeMutablePointer(to: &registers) { registers in
      unsafe span.withUnsafeMutableBytes { bytes -> UInt64 in
        guard let start = bytes.baseAddress else { return 0 }
        unsafe task.pointee.memory.window = ArgumentWindow(start, length: bytes.count)
        return unsafe CompatCall(
          kernel: kernel, task: task, space: space, context: context,
          registers: KernelPointer(registers)
        ).serve(number)
      }
    }
    task.pointee.memory.window = nil
    return result
  }
}
