/// The fixed entries of the folders of `/proc`, in the order in which Linux lists them.
extension NodeKind {
  typealias Entry = (name: StaticString, kind: NodeKind)

  /// The entry at a place, nil after the last.
  func entry(at index: Int) -> Entry? {
    switch self {
    case .procRoot: Self.procRoot(index)
    case .process: Self.process(index)
    case .thread: Self.thread(index)
    case .sysFolder:
      switch index {
      case 0: ("fs", .sysFS)
      case 1: ("kernel", .sysKernel)
      case 2: ("vm", .sysVM)
      default: nil
      }
    case .pressureFolder: index == 0 ? ("memory", .pressureMemory) : nil
    case .sysvipcFolder:
      switch index {
      case 0: ("msg", .sysvipcMessages)
      case 1: ("sem", .sysvipcSemaphores)
      case 2: ("shm", .sysvipcShared)
      default: nil
      }
    case .namespaces:
      switch index {
      case 0: ("mnt", .mountNamespace)
      case 1: ("cgroup", .cgroupNamespace)
      default: nil
      }
    default: nil
    }
  }

  private static func procRoot(_ index: Int) -> Entry? {
    switch index {
    case 0: ("sys", .sysFolder)
    case 1: ("kmsg", .kernelMessages)
    case 2: ("stat", .stat)
    case 3: ("iomem", .iomem)
    case 4: ("swaps", .swaps)
    case 5: ("mounts", .mountsLink)
    case 6: ("uptime", .uptime)
    case 7: ("vmstat", .vmstat)
    case 8: ("cgroups", .cgroups)
    case 9: ("cmdline", .cmdline)
    case 10: ("cpuinfo", .cpuinfo)
    case 11: ("devices", .devices)
    case 12: ("loadavg", .loadavg)
    case 13: ("meminfo", .meminfo)
    case 14: ("modules", .modules)
    case 15: ("sysvipc", .sysvipcFolder)
    case 16: ("version", .version)
    case 17: ("consoles", .consoles)
    case 18: ("slabinfo", .slabinfo)
    case 19: ("softirqs", .softirqs)
    case 20: ("zoneinfo", .zoneinfo)
    case 21: ("buddyinfo", .buddyinfo)
    case 22: ("interrupts", .interrupts)
    case 23: ("kpagecount", .kpagecount)
    case 24: ("kpageflags", .kpageflags)
    case 25: ("filesystems", .filesystems)
    case 26: ("kpagecgroup", .kpagecgroup)
    case 27: ("vmallocinfo", .vmallocinfo)
    case 28: ("pagetypeinfo", .pagetypeinfo)
    case 29: ("kallsyms", .kallsyms)
    case 30: ("self", .selfLink)
    case 31: ("thread-self", .threadSelfLink)
    case 32: ("pressure", .pressureFolder)
    default: nil
    }
  }

  private static func process(_ index: Int) -> Entry? {
    switch index {
    case 0: ("task", .taskFolder)
    case 1: ("fd", .fd)
    case 2: ("map_files", .mapFiles)
    case 3: ("fdinfo", .fdinfo)
    case 4: ("ns", .namespaces)
    case 13: ("stat", .processStat)
    case 5...21: common(index &- 5)
    case 22: ("mountstats", .mountstats)
    case 23...31: common(index &- 6)
    case 32: ("coredump_filter", .coredumpFilter)
    case 33: ("timerslack_ns", .timerSlack)
    default: nil
    }
  }

  private static func thread(_ index: Int) -> Entry? {
    switch index {
    case 0: ("fd", .fd)
    case 1: ("fdinfo", .fdinfo)
    case 2: ("ns", .namespaces)
    case 11: ("stat", .threadStat)
    case 3...28: common(index &- 3)
    default: nil
    }
  }

  /// What processes and threads both have.
  private static func common(_ index: Int) -> Entry? {
    switch index {
    case 0: ("environ", .environ)
    case 1: ("auxv", .auxv)
    case 2: ("status", .status)
    case 3: ("personality", .personality)
    case 4: ("limits", .limits)
    case 5: ("comm", .comm)
    case 6: ("syscall", .systemCall)
    case 7: ("cmdline", .processCmdline)
    // 8 is `stat`, whose text is another for a thread.
    case 9: ("statm", .statm)
    case 10: ("maps", .maps)
    case 11: ("mem", .mem)
    case 12: ("cwd", .cwd)
    case 13: ("root", .processRoot)
    case 14: ("exe", .exe)
    case 15: ("mounts", .mounts)
    case 16: ("mountinfo", .mountinfo)
    case 17: ("clear_refs", .clearRefs)
    case 18: ("smaps", .smaps)
    case 19: ("smaps_rollup", .smapsRollup)
    case 20: ("pagemap", .pagemap)
    case 21: ("wchan", .wchan)
    case 22: ("cgroup", .cgroup)
    case 23: ("oom_score", .oomScore)
    case 24: ("oom_adj", .oomAdjust)
    case 25: ("oom_score_adj", .oomScoreAdjust)
    default: nil
    }
  }
}
