import Arm64
import BoardFormat
import KernelAssembly
import KernelLog
import MemoryTypes
import Tasks

/// The kernel has done something wrong: says what and where, and ends the machine.
///
/// - Parameters:
///   - context: the registers at the exception, on a stack of their own.
///   - syndrome: ESR_EL1.
///   - kind: 0 a synchronous exception, 1 an interrupt, 2 a system error, 3 a system error while
///     a program ran.
@_cdecl("kernel_death")
func death(_ context: UnsafeMutableRawPointer, _ syndrome: UInt64, _ kind: UInt64)
  -> Never
{
  // SAFETY: the vectors stored a whole context there.
  let registers = unsafe context.load(as: UserContext.self)
  let address = read_far()
  let isSecond = unsafe kernel_variables().pointee.dying != 0
  unsafe kernel_variables().pointee.dying = 1
  if !isSecond {
    report(ExceptionSyndrome(syndrome), kind, VirtualAddress(address), registers)
    Panic.sendLog()
  }
  VirtBoard().powerOff(
    EndRecord(
      reason: .kernelFault, status: UInt32(truncatingIfNeeded: syndrome), address: address,
      pc: registers.programCounter))
}

private func report(
  _ syndrome: ExceptionSyndrome, _ kind: UInt64, _ address: VirtualAddress, _ registers: UserContext
) {
  var line = LogLine("Kernel died: ")
  switch kind {
  case 0: describe(syndrome, address, registers, &line)
  case 1: line.append("an interrupt that nobody asked for")
  default: line.append("system error")
  }
  line.append(", esr 0x")
  line.append(hex: syndrome.rawValue, digits: 8)
  line.send()
  line = LogLine("pc  ")
  Symbols.append(registers.programCounter, to: &line)
  line.send()
  describeTask()
  for row in 0..<8 {
    line = LogLine("")
    for column in 0..<4 where row &* 4 &+ column < 31 {
      let index = row &* 4 &+ column
      line.append("x")
      line.append(decimal: UInt64(index))
      line.append(index < 10 ? "  " : " ")
      line.append(hex: registers.x[index], digits: 16)
      line.append("  ")
    }
    if row == 7 {
      line.append("sp  ")
      line.append(hex: registers.stackPointer, digits: 16)
    }
    line.send()
  }
  backtrace(registers)
}

/// Which process the CPU was working for, and on what.
private func describeTask() {
  guard unsafe kernel_variables().pointee.state != 0 else { return }
  let task = Kernel.state.current
  var line = LogLine("working for process ")
  line.append(decimal: UInt64(UInt32(bitPattern: task.pointee.pid)))
  line.append(" (")
  for index in 0..<task.pointee.name.count { line.append(byte: task.pointee.name.bytes[index]) }
  line.append("), which was at pc 0x")
  line.append(hex: task.pointee.context.pointee.programCounter)
  let number = task.pointee.context.pointee.systemCallNumber
  if number >= 0 {
    line.append(" in system call ")
    line.append(decimal: UInt64(number))
  }
  line.send()
}

/// What a synchronous exception was.
private func describe(
  _ syndrome: ExceptionSyndrome, _ address: VirtualAddress, _ registers: UserContext,
  _ line: inout LogLine
) {
  switch syndrome.exceptionClass {
  case .breakInstruction:
    // A failed precondition, an overflow, an index out of bounds: all are `brk #1`.
    line.append(syndrome.immediate == 1 ? "Swift runtime failure" : "brk")
    return
  case .dataAbortKernel: line.append(syndrome.isWrite ? "write to " : "read of ")
  case .instructionAbortKernel: line.append("execution of ")
  case .programCounterAlignment: line.append("misaligned pc ")
  case .stackPointerAlignment: line.append("misaligned sp, address ")
  default:
    line.append("exception of class 0x")
    line.append(hex: syndrome.classCode)
    return
  }
  line.append("0x")
  line.append(hex: address.rawValue, digits: 16)
  switch syndrome.faultStatus {
  case .translation(let level): line.append(", not mapped at level ", level)
  case .permission(let level): line.append(", not allowed at level ", level)
  case .accessFlag(let level): line.append(", access flag at level ", level)
  case .addressSize(let level): line.append(", address size at level ", level)
  case .alignment: line.append(", misaligned")
  default:
    line.append(", fault status 0x")
    line.append(hex: syndrome.faultStatus.code)
  }
  if address.rawValue >= address_of_guard_start() && address.rawValue < address_of_guard_end() {
    line.append(": the kernel stack has overflowed")
  }
}

extension LogLine {
  fileprivate mutating func append(_ text: StaticString, _ level: Int8) {
    append(text)
    if level < 0 { append("-1") } else { append(decimal: UInt64(level)) }
  }
}

/// The callers, by the chain of frame pointers, each followed only while it stays in mapped memory
/// above the last.
///
/// The link register comes first: a function that has no frame yet left its caller
/// nowhere else.
private func backtrace(_ registers: UserContext) {
  var heading = LogLine("called by")
  heading.send()
  var frame = registers.x[29]
  var last = registers.x[30]
  sendCaller(last)
  for _ in 0..<32 {
    guard frame & 7 == 0, frame != 0, translate_kernel_read(frame) & 1 == 0 else { return }
    // SAFETY: the MMU says that the address can be read.
    let record = unsafe UnsafePointer<UInt64>(bitPattern: UInt(frame)).unsafelyUnwrapped
    let (next, caller) = unsafe (record[0], record[1])
    guard caller != 0 else { return }
    if caller != last { sendCaller(caller) }
    last = caller
    guard next > frame else { return }
    frame = next
  }
}

private func sendCaller(_ address: UInt64) {
  var line = LogLine("  ")
  // The call itself: behind a call that does not return another function may begin.
  Symbols.append(address &- 4, to: &line)
  line.send()
}
