import Files

/// Everything there is in `/proc` and `/sys`.
///
/// The numbers of the two roots are Files' (``ProceduralNode/processes``,
/// ``ProceduralNode/system``).
enum NodeKind: UInt8, BitwiseCopyable {
  case procRoot = 1
  case sysRoot = 2

  // /proc
  case selfLink, threadSelfLink, mountsLink
  case process
  case buddyinfo, cgroups, cmdline, consoles, cpuinfo, devices, filesystems, interrupts, iomem
  case kpagecgroup, kpagecount, kpageflags, loadavg, meminfo, modules, pagetypeinfo, slabinfo
  case softirqs, stat, swaps, uptime, version, vmallocinfo, vmstat, zoneinfo
  case sysvipcFolder, sysvipcMessages, sysvipcSemaphores, sysvipcShared
  // /proc/sys: the folders, and one kind for all settings, which the node numbers.
  case sysFolder, sysKernel, sysVM, sysFS, setting
  // /proc/PID, and /proc/PID/task/TID but for some
  case auxv, cgroup, clearRefs, processCmdline, comm, coredumpFilter, cwd, environ, exe, fd, fdinfo
  case limits, mapFiles, maps, mem, mountinfo, mounts, mountstats, namespaces, oomAdjust, oomScore
  case oomScoreAdjust, pagemap, personality, processRoot, smaps, smapsRollup, processStat
  case threadStat, statm, status, systemCall, taskFolder, timerSlack, wchan
  case descriptor, descriptorInfo, mappedFile, mountNamespace, cgroupNamespace
  case thread
  // /sys: folders and files that the node numbers.
  case attribute
  case kernelPageTables
  case kernelMessages
  // /sys/kernel/slab: a cache's folder, the links of its names, and its files.
  case slabCache, slabLink, slabAttribute
  // /proc/kallsyms; /sys/module: a module's folder, its files and its folders of files.
  case kallsyms
  case moduleFolder, moduleFact, moduleSections, moduleSection, moduleParameters, moduleParameter
  // /sys/fs/cgroup: a control group's folder, and its files.
  case controlGroup, controlFile
  // /proc/pressure
  case pressureFolder, pressureMemory
  // /sys/block: the folder of the disk of compressed pages, and its files.
  case zramFolder, zramAttribute

  /// Whether it is the same for every process.
  var isOfProcess: Bool {
    rawValue >= NodeKind.auxv.rawValue && rawValue < NodeKind.attribute.rawValue
      || self == .process
  }

  var isOfControlGroup: Bool { self == .controlGroup || self == .controlFile }

  /// Whether what is written to it is one number (oom_score_adj_write() and its like).
  var takesNumber: Bool {
    switch self {
    case .oomAdjust, .oomScoreAdjust, .clearRefs: true
    default: false
    }
  }
}

extension ProcNode {
  /// How a file is read.
  var style: ProceduralStyle {
    switch kind {
    case .setting:
      if case .text = Sysctl(rawValue: number)?.row.kind { .string } else { .numbers }
    case .mem, .pagemap, .kpagecount, .kpageflags, .kpagecgroup, .processCmdline, .environ, .auxv,
      .kernelMessages:
      .bytes
    case .oomAdjust, .oomScoreAdjust, .coredumpFilter: .string
    default: .records
    }
  }
}
