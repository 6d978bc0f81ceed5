import AddressSpaces
import Arm64
public import BoardFormat
public import Files
public import MemoryTypes
public import Tasks

extension ProcFS {
  /// Writes the whole text of a file.
  func write(_ file: ProcNode, _ out: inout Writer) throws(Errno) {
    switch file.kind {
    case .setting:
      guard let setting = Sysctl(rawValue: file.number) else { throw .ENOENT }
      write(setting, &out)
    case .attribute:
      guard let attribute = SysAttribute(rawValue: UInt8(truncatingIfNeeded: file.number)) else {
        throw .ENOENT
      }
      write(attribute, &out)
    case .slabAttribute: try slabAttribute(file, &out)
    case .zramAttribute: try zramAttribute(file, &out)
    case .moduleFact, .moduleSection, .moduleParameter: try moduleFile(file, &out)
    default:
      guard file.kind.isOfProcess else { return try write(file.kind, &out) }
      guard let task = task(file) else { throw .ESRCH }
      if file.kind == .descriptorInfo { return try descriptorInfo(file, of: task, &out) }
      try write(file.kind, of: task, &out)
    }
  }

  /// Writes one of the texts that the tool can ask for, of the whole machine or of a process.
  public func write(_ text: Text, of task: KernelPointer<Task<B>>, _ out: inout Writer) {
    switch text {
    case .maps: maps(task, &out)
    case .smaps: smaps(task, &out)
    case .status: status(task, &out)
    case .stat: processStat(task, isWhole: true, &out)
    case .meminfo: meminfo(&out)
    case .buddyinfo: buddyinfo(&out)
    case .zoneinfo: zoneinfo(&out)
    case .vmstat: vmstat(&out)
    case .slabinfo: slabinfo(&out)
    case .pagetypeinfo: pagetypeinfo(&out)
    case .iomem: iomem(&out)
    case .cpuinfo: cpuinfo(&out)
    case .kernelPageTables: kernelPageTables(&out)
    case .tasks: tasks(&out)
    case .vmallocinfo: vmallocinfo(&out)
    case .dmesg: log(&out)
    case .modules: modules(&out)
    case .pressure: pressureText(&out)
    }
  }

  private func write(
    _ kind: NodeKind, of task: KernelPointer<Task<B>>, _ out: inout Writer
  ) throws(Errno) {
    switch kind {
    case .smapsRollup: try smapsRollup(task, &out)
    case .status: status(task, &out)
    case .processStat: processStat(task, isWhole: true, &out)
    case .threadStat: processStat(task, isWhole: false, &out)
    case .statm: statm(task, &out)
    case .limits: limits(task, &out)
    case .comm:
      out.name(task.pointee.name)
      out.newline()
    case .mounts: mounts(&out)
    case .mountinfo: mountInformation(&out)
    case .mountstats: mountStatistics(&out)
    case .oomScore: oomScore(task, &out)
    case .oomAdjust: oomAdjust(task, &out)
    case .oomScoreAdjust:
      out.decimal(Int64(task.pointee.process.pointee.oomScoreAdjustment))
      out.newline()
    case .cgroup: controlGroupPath(of: task, &out)
    case .wchan:
      // The kernel's symbols are not told; 0 is what Linux shows of a task that does not wait.
      out.text("0")
    case .personality:
      guard mayInspect(task) else { throw .EPERM }
      out.hexadecimal(UInt64(task.pointee.memory.personality.rawValue), width: 8)
      out.newline()
    case .systemCall: try systemCall(task, &out)
    case .coredumpFilter:
      out.hexadecimal(UInt64(task.pointee.process.pointee.coredumpFilter), width: 8)
      out.newline()
    case .timerSlack:
      guard mayInspect(task) else { throw .EPERM }
      out.decimal(task.pointee.timerSlack)
      out.newline()
    default: throw .EINVAL
    }
  }

  private func write(_ kind: NodeKind, _ out: inout Writer) throws(Errno) {
    switch kind {
    case .buddyinfo: buddyinfo(&out)
    case .cgroups:
      controllers(&out)
    case .cmdline: commandLine(&out)
    case .consoles: out.text("ttyAMA0              -W- (EC p a)  204:64\n")
    case .cpuinfo: cpuinfo(&out)
    case .devices: devices(&out)
    case .filesystems: filesystems(&out)
    case .interrupts: interrupts(&out)
    case .iomem: iomem(&out)
    case .loadavg: loadavg(&out)
    case .meminfo: meminfo(&out)
    case .modules: modules(&out)
    case .pagetypeinfo: pagetypeinfo(&out)
    case .pressureMemory: pressure(of: nil, &out)
    case .softirqs: softirqs(&out)
    case .stat: stat(&out)
    case .swaps: swaps(&out)
    case .sysvipcMessages: messageQueues(&out)
    case .sysvipcSemaphores: semaphoreSets(&out)
    case .sysvipcShared: sharedSegments(&out)
    case .uptime: uptime(&out)
    case .version: version(&out)
    case .vmallocinfo: vmallocinfo(&out)
    case .zoneinfo: zoneinfo(&out)
    default: throw .EINVAL
    }
  }
}

extension TextWriter where B: Processor {
  /// A task's name.
  mutating func name(_ name: TaskName) {
    for index in 0..<name.count { byte(name.bytes[index]) }
  }
}
