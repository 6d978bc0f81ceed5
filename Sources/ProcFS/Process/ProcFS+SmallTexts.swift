import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// The short texts of a process.
extension ProcFS {
  /// `/proc/PID/oom_score` (fs/proc/base.c: proc_oom_score()): 0 for what is never chosen.
  func oomScore(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    let badness = kernel.badness(of: task.pointee.process)
    out.decimal(badness.map { (1000 &+ $0 &* 1000 / kernel.ramPages) &* 2 / 3 } ?? 0)
    out.newline()
  }

  /// `/proc/PID/oom_adj`: the old scale, -17 to 15 (oom_adj_read()).
  func oomAdjust(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    let value = Int64(task.pointee.process.pointee.oomScoreAdjustment)
    out.decimal(value == 1000 ? 15 : min(value &* 17 / 1000, 15))
    out.newline()
  }

  /// `/proc/PID/syscall`: the call it is in, its arguments, stack pointer and program counter
  /// (proc_pid_syscall()).
  func systemCall(_ task: KernelPointer<Task<B>>, _ out: inout Writer) throws(Errno) {
    guard mayInspect(task) else { throw .EPERM }
    guard task == kernel.current || task.pointee.state == .blocked else {
      out.text("running\n")
      return
    }
    let context = task.pointee.context
    guard task.pointee.memory.space != nil else {
      out.text("0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n")
      return
    }
    let number = context.pointee.systemCallNumber
    out.decimal(number)
    if number >= 0 {
      word(context.pointee.originalX0, &out)
      for index in 1..<6 { word(context.pointee.x[index], &out) }
    }
    word(context.pointee.stackPointer, &out)
    word(context.pointee.programCounter, &out)
    out.newline()
  }

  private func word(_ value: UInt64, _ out: inout Writer) {
    out.text(" 0x")
    out.hexadecimal(value)
  }

  /// `/proc/PID/fdinfo/N` (fs/proc/fd.c: seq_show()).
  func descriptorInfo(
    _ file: ProcNode, of task: KernelPointer<Task<B>>, _ out: inout Writer
  ) throws(Errno) {
    guard let table = task.pointee.files else { throw .ENOENT }
    let files = kernel.files
    let open: KernelPointer<OpenFile>
    let closes: Bool
    do throws(Errno) {
      open = try files.pointee.file(UInt64(file.number), in: table)
      closes = try files.pointee.closesOnExec(UInt64(file.number), in: table)
    } catch { throw .ENOENT }
    out.text("pos:\t")
    out.decimal(Int64(bitPattern: open.pointee.position))
    // O_LARGEFILE is always set where addresses have 64 bits, O_CLOEXEC belongs to the number.
    out.text("\nflags:\t0")
    out.octal(UInt64(open.pointee.flags.rawValue) | 0o400000 | (closes ? 0o2000000 : 0))
    out.text("\nmnt_id:\t")
    out.decimal(mountNumber(of: open.pointee.inode.pointee.mount))
    out.text("\nino:\t")
    out.decimal(open.pointee.inode.pointee.number)
    out.newline()
  }

  /// The numbers of mounts: the root's is 1; the others begin where the kernel's own mounts end.
  func mountNumber(of mount: Mount) -> UInt64 {
    mount == .root ? 1 : 15 &+ UInt64(mount.rawValue)
  }
}
