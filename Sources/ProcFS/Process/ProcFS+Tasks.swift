import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

extension ProcFS {
  /// Every task, a line each: who it is, what it does, whose memory it works in.
  ///
  /// A task with memory of its own *owns* its space or *shares* it with those that show the same
  /// address; a kernel thread *borrows* the tables that are loaded when it gets the CPU.
  func tasks(_ out: inout Writer) {
    out.text("  pid  tgid  ppid state name            stack            memory  space            ")
    out.text("users TTBR0     ASID\n")
    kernel.forEachTask { task in
      line(task, &out)
    }
  }

  private func line(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    let process = task.pointee.process
    out.decimal(UInt64(UInt32(bitPattern: task.pointee.pid)), width: 5)
    out.decimal(UInt64(UInt32(bitPattern: process.pointee.id)), width: 6)
    out.decimal(UInt64(UInt32(bitPattern: process.pointee.parent?.pointee.id ?? 0)), width: 6)
    out.byte(0x20)
    out.byte(task.pointee.state.letter)
    out.byte(task == kernel.current ? 0x2A : 0x20)
    out.text("    ")
    out.name(task.pointee.name)
    for _ in task.pointee.name.count..<16 { out.byte(0x20) }
    out.hexadecimal(task.pointee.kernelStack.start.rawValue, width: 16)
    out.byte(0x20)
    if let space = task.pointee.memory.space {
      out.text(space.pointee.users > 1 ? "shares  " : "owns    ")
      out.hexadecimal(UInt64(space.address), width: 16)
      out.decimal(UInt64(space.pointee.users), width: 6)
      out.byte(0x20)
      translation(space.pointee.translation, &out)
    } else if let borrowed = task.pointee.borrowed {
      out.text("borrowed                 -     - ")
      translation((borrowed.tables, borrowed.asid), &out)
    } else if process == kernel.initProcess {
      out.text("needs none               -     - -            -")
    } else {
      out.text("gave up                  -     - -            -")
    }
    out.newline()
  }

  private func translation(
    _ value: (tables: PhysicalAddress, asid: ASID), _ out: inout Writer
  ) {
    out.hexadecimal(value.tables.rawValue, width: 9)
    out.decimal(UInt64(value.asid.rawValue), width: 5)
  }
}
