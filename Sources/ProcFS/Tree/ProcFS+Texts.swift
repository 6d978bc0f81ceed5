import Arm64
public import BoardFormat
public import Files
public import MemoryTypes
public import Tasks

extension ProcFS {
  /// Writes the whole text of a file.
  func write(_ file: ProcNode, _ out: inout Writer) throws(Errno) {
    if file.pid != 0 {
      guard let task = task(file) else { throw .ESRCH }
      try write(file.kind, of: task, &out)
      return
    }
    write(file.kind, &out)
  }

  /// Writes one of the texts that the tool can ask for, of the whole machine or of a process.
  public func write(_ text: Text, of task: KernelPointer<Task<B>>, _ out: inout Writer) {
    switch text {
    case .maps: maps(task, &out)
    case .smaps: smaps(task, &out)
    case .status: status(task, &out)
    case .stat: processStat(task, &out)
    case .meminfo: meminfo(&out)
    case .buddyinfo: buddyinfo(&out)
    case .zoneinfo: zoneinfo(&out)
    case .vmstat: vmstat(&out)
    case .slabinfo: slabinfo(&out)
    case .pagetypeinfo: pagetypeinfo(&out)
    case .iomem: iomem(&out)
    case .cpuinfo: cpuinfo(&out)
    case .kernelPageTables: kernelPageTables(&out)
    }
  }

  private func write(
    _ kind: NodeKind, of task: KernelPointer<Task<B>>, _ out: inout Writer
  ) throws(Errno) {
    switch kind {
    case .smapsRollup: try smapsRollup(task, &out)
    case .status: status(task, &out)
    case .processStat: processStat(task, &out)
    case .statm: statm(task, &out)
    case .limits: limits(task, &out)
    case .comm:
      out.name(task.pointee.name)
      out.newline()
    case .processCmdline: commandLine(task, &out)
    case .environ: environment(task, &out)
    case .auxv: auxiliaryVector(task, &out)
    case .mounts: mounts(&out)
    case .oomScore: oomScore(task, &out)
    case .oomScoreAdjust: out.text("0\n")
    default: throw .EINVAL
    }
  }

  private func write(_ kind: NodeKind, _ out: inout Writer) {
    switch kind {
    case .buddyinfo: buddyinfo(&out)
    case .cmdline: commandLine(&out)
    case .cpuinfo: cpuinfo(&out)
    case .filesystems: filesystems(&out)
    case .iomem: iomem(&out)
    case .loadavg: loadavg(&out)
    case .meminfo: meminfo(&out)
    case .pagetypeinfo: pagetypeinfo(&out)
    case .stat: stat(&out)
    case .swaps: out.text("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n")
    case .uptime: uptime(&out)
    case .version: version(&out)
    case .zoneinfo: zoneinfo(&out)
    case .kernelPageTables: kernelPageTables(&out)
    default: setting(kind, &out)
    }
  }
}

extension TextWriter where B: Processor {
  /// A task's name.
  mutating func name(_ name: TaskName) {
    for index in 0..<name.count { byte(name.bytes[index]) }
  }
}
