/// The fixed entries of the folders, in the order in which they are listed and looked through: what
/// programs open most comes first.
extension NodeKind {
  typealias Entry = (name: StaticString, kind: NodeKind)

  /// The entry at a place, nil after the last.
  func entry(at index: Int) -> Entry? {
    switch self {
    case .procRoot: Self.procRoot(index)
    case .process: Self.process(index)
    case .thread: index < Self.taskIndex ? Self.process(index) : nil
    case .sysFolder: Self.sysFolder(index)
    case .sysKernel: Self.sysKernel(index)
    case .sysVM: Self.sysVM(index)
    case .sysFS: Self.sysFS(index)
    case .sysRoot: Self.sysRoot(index)
    case .kernelFolder: Self.kernelFolder(index)
    case .debugFolder: index == 0 ? ("kernel_page_tables", .kernelPageTables) : nil
    case .mmFolder: index == 0 ? ("transparent_hugepage", .hugePageFolder) : nil
    case .hugePageFolder: Self.hugePages(index)
    case .devicesFolder: index == 0 ? ("system", .systemFolder) : nil
    case .systemFolder: index == 0 ? ("cpu", .cpuFolder) : nil
    case .cpuFolder: Self.cpus(index)
    default: nil
    }
  }

  private static func procRoot(_ index: Int) -> Entry? {
    switch index {
    case 0: ("self", .selfLink)
    case 1: ("meminfo", .meminfo)
    case 2: ("sys", .sysFolder)
    case 3: ("stat", .stat)
    case 4: ("vmstat", .vmstat)
    case 5: ("buddyinfo", .buddyinfo)
    case 6: ("cmdline", .cmdline)
    case 7: ("cpuinfo", .cpuinfo)
    case 8: ("filesystems", .filesystems)
    case 9: ("iomem", .iomem)
    case 10: ("loadavg", .loadavg)
    case 11: ("mounts", .mountsLink)
    case 12: ("pagetypeinfo", .pagetypeinfo)
    case 13: ("slabinfo", .slabinfo)
    case 14: ("swaps", .swaps)
    case 15: ("thread-self", .threadSelfLink)
    case 16: ("uptime", .uptime)
    case 17: ("version", .version)
    case 18: ("zoneinfo", .zoneinfo)
    default: nil
    }
  }

  /// The last entry of a process; its threads have none like it, or the tree would have no end.
  private static var taskIndex: Int { 18 }

  private static func process(_ index: Int) -> Entry? {
    switch index {
    case 0: ("stat", .processStat)
    case 1: ("maps", .maps)
    case 2: ("status", .status)
    case 3: ("statm", .statm)
    case 4: ("fd", .fd)
    case 5: ("exe", .exe)
    case 6: ("smaps", .smaps)
    case 7: ("smaps_rollup", .smapsRollup)
    case 8: ("auxv", .auxv)
    case 9: ("cmdline", .processCmdline)
    case 10: ("comm", .comm)
    case 11: ("cwd", .cwd)
    case 12: ("environ", .environ)
    case 13: ("limits", .limits)
    case 14: ("mounts", .mounts)
    case 15: ("oom_score", .oomScore)
    case 16: ("oom_score_adj", .oomScoreAdjust)
    case 17: ("root", .processRoot)
    case taskIndex: ("task", .taskFolder)
    default: nil
    }
  }

  private static func sysFolder(_ index: Int) -> Entry? {
    switch index {
    case 0: ("fs", .sysFS)
    case 1: ("kernel", .sysKernel)
    case 2: ("vm", .sysVM)
    default: nil
    }
  }

  private static func sysFS(_ index: Int) -> Entry? {
    switch index {
    case 0: ("file-max", .fileMax)
    case 1: ("nr_open", .nrOpen)
    default: nil
    }
  }

  private static func sysKernel(_ index: Int) -> Entry? {
    switch index {
    case 0: ("hostname", .hostname)
    case 1: ("ngroups_max", .ngroupsMax)
    case 2: ("osrelease", .osrelease)
    case 3: ("ostype", .ostype)
    case 4: ("pid_max", .pidMax)
    case 5: ("randomize_va_space", .randomize)
    case 6: ("threads-max", .threadsMax)
    case 7: ("version", .kernelVersion)
    default: nil
    }
  }

  private static func sysVM(_ index: Int) -> Entry? {
    switch index {
    case 0: ("admin_reserve_kbytes", .adminReserve)
    case 1: ("compaction_proactiveness", .compactionProactiveness)
    case 2: ("dirty_background_ratio", .dirtyBackgroundRatio)
    case 3: ("dirty_ratio", .dirtyRatio)
    case 4: ("extfrag_threshold", .extfragThreshold)
    case 5: ("legacy_va_layout", .legacyLayout)
    case 6: ("lowmem_reserve_ratio", .lowmemReserveRatio)
    case 7: ("max_map_count", .maxMapCount)
    case 8: ("min_free_kbytes", .minFreeKilobytes)
    case 9: ("mmap_min_addr", .mmapMinAddress)
    case 10: ("nr_hugepages", .hugePages)
    case 11: ("overcommit_kbytes", .overcommitKilobytes)
    case 12: ("overcommit_memory", .overcommitMemory)
    case 13: ("overcommit_ratio", .overcommitRatio)
    case 14: ("page-cluster", .pageCluster)
    case 15: ("swappiness", .swappiness)
    case 16: ("user_reserve_kbytes", .userReserve)
    case 17: ("vfs_cache_pressure", .cachePressure)
    case 18: ("watermark_boost_factor", .watermarkBoost)
    case 19: ("watermark_scale_factor", .watermarkScale)
    default: nil
    }
  }

  private static func sysRoot(_ index: Int) -> Entry? {
    switch index {
    case 0: ("devices", .devicesFolder)
    case 1: ("kernel", .kernelFolder)
    default: nil
    }
  }

  private static func kernelFolder(_ index: Int) -> Entry? {
    switch index {
    case 0: ("mm", .mmFolder)
    case 1: ("debug", .debugFolder)
    default: nil
    }
  }

  private static func hugePages(_ index: Int) -> Entry? {
    switch index {
    case 0: ("defrag", .hugePageDefrag)
    case 1: ("enabled", .hugePageEnabled)
    case 2: ("hpage_pmd_size", .hugePageSize)
    case 3: ("use_zero_page", .useZeroPage)
    default: nil
    }
  }

  private static func cpus(_ index: Int) -> Entry? {
    switch index {
    case 0: ("cpu0", .cpu0)
    case 1: ("online", .cpuOnline)
    case 2: ("possible", .cpuPossible)
    case 3: ("present", .cpuPresent)
    default: nil
    }
  }
}
