import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

extension ProcFS {
  /// `/proc/PID/status` (fs/proc/array.c: proc_pid_status()).
  func status(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    out.text("Name:\t")
    escaped(task.pointee.name, &out)
    out.newline()
    identity(task, &out)
    if let space = task.pointee.memory.space { memory(space, &out) }
    signals(task, &out)
    let capabilities = task.pointee.capabilities
    mask("CapInh:\t", capabilities.inheritable, &out)
    mask("CapPrm:\t", capabilities.permitted, &out)
    mask("CapEff:\t", capabilities.effective, &out)
    mask("CapBnd:\t", capabilities.bounding, &out)
    mask("CapAmb:\t", capabilities.ambient, &out)
    out.text(task.pointee.forbidsPrivileges ? "NoNewPrivs:\t1\n" : "NoNewPrivs:\t0\n")
    // What neoverse-n1 on Linux 6.1 reports: SSBS is there and programs may use it.
    out.text("Speculation_Store_Bypass:\tthread vulnerable\n")
    out.text("SpeculationIndirectBranch:\tunknown\n")
    out.text("Cpus_allowed:\t1\nCpus_allowed_list:\t0\n")
    out.text("voluntary_ctxt_switches:\t")
    out.decimal(task.pointee.voluntarySwitches)
    out.text("\nnonvoluntary_ctxt_switches:\t")
    out.decimal(task.pointee.involuntarySwitches)
    out.newline()
  }

  /// Who it is (task_state()).
  private func identity(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    if let folders = task.pointee.folders {
      out.text("Umask:\t")
      out.octal(UInt64(folders.pointee.umask), width: 4)
      out.newline()
    }
    out.text("State:\t")
    switch task.pointee.state {
    case .runnable: out.text("R (running)")
    case .blocked: out.text("S (sleeping)")
    case .stopped: out.text("T (stopped)")
    case .zombie: out.text("Z (zombie)")
    case .dead: out.text("X (dead)")
    }
    out.text("\nTgid:\t")
    out.decimal(UInt64(UInt32(bitPattern: task.pointee.threadGroup)))
    out.text("\nNgid:\t0\nPid:\t")
    out.decimal(UInt64(UInt32(bitPattern: task.pointee.pid)))
    out.text("\nPPid:\t")
    out.decimal(UInt64(UInt32(bitPattern: task.pointee.process.pointee.parent?.pointee.id ?? 0)))
    out.text("\nTracerPid:\t0")
    let who = task.pointee.credentials
    users("\nUid:\t", who.user, who.effectiveUser, who.savedUser, &out)
    users("\nGid:\t", who.group, who.effectiveGroup, who.savedGroup, &out)
    out.text("\nFDSize:\t")
    out.decimal(task.pointee.files?.pointee.capacity ?? 0)
    out.text("\nGroups:\t \n")
  }

  /// Real, effective, saved and file system identity; the last follows the effective one.
  private func users(
    _ label: StaticString, _ real: UInt32, _ effective: UInt32, _ saved: UInt32,
    _ out: inout Writer
  ) {
    out.text(label)
    out.decimal(UInt64(real))
    out.byte(0x09)
    out.decimal(UInt64(effective))
    out.byte(0x09)
    out.decimal(UInt64(saved))
    out.byte(0x09)
    out.decimal(UInt64(effective))
  }

  /// The Vm lines (fs/proc/task_mmu.c: task_mem()).
  private func memory(_ space: KernelPointer<AddressSpace<B>>, _ out: inout Writer) {
    let size = kernel.board.pageSize
    let code = codeBytes(space)
    let executable = space.pointee.executablePages.bytes(of: size)
    let text = min(code, executable)
    pages("VmPeak:\t", space.pointee.peakTotalPages, &out)
    pages("VmSize:\t", space.pointee.totalPages, &out)
    pages("VmLck:\t", space.pointee.lockedPages, &out)
    pages("VmPin:\t", .zero, &out)
    pages("VmHWM:\t", space.pointee.peakResidentPages, &out)
    pages("VmRSS:\t", space.pointee.residentPages, &out)
    pages("RssAnon:\t", space.pointee.residentPages(.anonymous), &out)
    pages("RssFile:\t", space.pointee.residentPages(.file), &out)
    pages("RssShmem:\t", space.pointee.residentPages(.shared), &out)
    pages("VmData:\t", space.pointee.dataPages, &out)
    pages("VmStk:\t", space.pointee.stackPages, &out)
    kilobytes("VmExe:\t", text, &out)
    kilobytes("VmLib:\t", executable - text, &out)
    kilobytes("VmPTE:\t", space.pointee.tableBytes, &out)
    pages("VmSwap:\t", space.pointee.residentPages(.swapped), &out)
    kilobytes("HugetlbPages:\t", .zero, &out)
    out.text("CoreDumping:\t0\nTHP_enabled:\t")
    out.text(space.pointee.forbidsHugePages ? "0\n" : "1\n")
  }

  /// The program's text in whole pages.
  func codeBytes(_ space: KernelPointer<AddressSpace<B>>) -> ByteCount {
    let size = kernel.board.pageSize
    return space.pointee.endCode.alignedUp(to: size) - space.pointee.startCode.alignedDown(to: size)
  }

  private func pages(_ label: StaticString, _ pages: PageCount, _ out: inout Writer) {
    kilobytes(label, pages.bytes(of: kernel.board.pageSize), &out)
  }

  /// The signal lines (task_sig()).
  private func signals(_ task: KernelPointer<Task<B>>, _ out: inout Writer) {
    out.text("Threads:\t")
    let process = task.pointee.process
    out.decimal(process.pointee.threadCount)
    out.text("\nSigQ:\t")
    out.decimal(task.pointee.user.pointee.pendingSignals)
    out.text("/")
    out.decimal(process.pointee.limits[.pendingSignals].soft)
    out.newline()
    let sets = signalSets(task)
    mask("SigPnd:\t", task.pointee.pending.set.rawValue, &out)
    mask("ShdPnd:\t", process.pointee.pending.set.rawValue, &out)
    mask("SigBlk:\t", task.pointee.blocked.rawValue, &out)
    mask("SigIgn:\t", sets.ignored, &out)
    mask("SigCgt:\t", sets.caught, &out)
  }

  /// The signals that are ignored and those that have handlers (collect_sigign_sigcatch()).
  func signalSets(_ task: KernelPointer<Task<B>>) -> (ignored: UInt64, caught: UInt64) {
    var ignored: UInt64 = 0
    var caught: UInt64 = 0
    for number in 1...Signal.count {
      switch task.pointee.handlers.pointee[Signal(rawValue: number)].handler {
      case SignalAction.byDefault: break
      case SignalAction.ignored: ignored |= 1 &<< UInt64(number &- 1)
      default: caught |= 1 &<< UInt64(number &- 1)
      }
    }
    return (ignored, caught)
  }

  private func mask(_ label: StaticString, _ value: UInt64, _ out: inout Writer) {
    out.text(label)
    out.hexadecimal(value, width: 16)
    out.newline()
  }

  /// A name with newlines and backslashes in octal or doubled (proc_task_name()).
  private func escaped(_ name: TaskName, _ out: inout Writer) {
    for index in 0..<name.count {
      switch name.bytes[index] {
      case 0x0A: out.text("\\n")
      case 0x5C: out.text("\\\\")
      default: out.byte(name.bytes[index])
      }
    }
  }
}
