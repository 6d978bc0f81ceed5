/// The fixed entries of the folders, in the order in which they are listed.
extension NodeKind {
  typealias Entry = (name: StaticString, kind: NodeKind)

  /// The entry at a place, nil after the last.
  func entry(at index: Int) -> Entry? {
    switch self {
    case .procRoot: Self.procRoot(index)
    case .process: Self.process(index)
    case .sysFolder: Self.sysFolder(index)
    case .sysKernel: Self.sysKernel(index)
    case .sysVM: Self.sysVM(index)
    case .sysFS: Self.sysFS(index)
    case .sysRoot: Self.sysRoot(index)
    case .kernelFolder: index == 0 ? ("mm", .mmFolder) : nil
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
    case 0: ("buddyinfo", .buddyinfo)
    case 1: ("cmdline", .cmdline)
    case 2: ("cpuinfo", .cpuinfo)
    case 3: ("filesystems", .filesystems)
    case 4: ("iomem", .iomem)
    case 5: ("loadavg", .loadavg)
    case 6: ("meminfo", .meminfo)
    case 7: ("mounts", .mountsLink)
    case 8: ("pagetypeinfo", .pagetypeinfo)
    case 9: ("self", .selfLink)
    case 10: ("slabinfo", .slabinfo)
    case 11: ("stat", .stat)
    case 12: ("swaps", .swaps)
    case 13: ("sys", .sysFolder)
    case 14: ("thread-self", .threadSelfLink)
    case 15: ("uptime", .uptime)
    case 16: ("version", .version)
    case 17: ("vmstat", .vmstat)
    case 18: ("zoneinfo", .zoneinfo)
    default: nil
    }
  }

  private static func process(_ index: Int) -> Entry? {
    switch index {
    case 0: ("auxv", .auxv)
    case 1: ("cmdline", .processCmdline)
    case 2: ("comm", .comm)
    case 3: ("cwd", .cwd)
    case 4: ("environ", .environ)
    case 5: ("exe", .exe)
    case 6: ("fd", .fd)
    case 7: ("limits", .limits)
    case 8: ("maps", .maps)
    case 9: ("mounts", .mounts)
    case 10: ("oom_score", .oomScore)
    case 11: ("oom_score_adj", .oomScoreAdjust)
    case 12: ("root", .processRoot)
    case 13: ("smaps", .smaps)
    case 14: ("smaps_rollup", .smapsRollup)
    case 15: ("stat", .processStat)
    case 16: ("statm", .statm)
    case 17: ("status", .status)
    case 18: ("task", .taskFolder)
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
