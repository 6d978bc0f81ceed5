extension SysAttribute {
  var row: Row {
    switch self {
    case .root: Row("", in: .root)
    case .devices: Row("devices", in: .root)
    case .kernel: Row("kernel", in: .root)
    case .system: Row("system", in: .devices)
    case .cpuFolder: Row("cpu", in: .system)
    case .mm: Row("mm", in: .kernel)
    case .debug: Row("debug", in: .kernel)
    case .extfrag: Row("extfrag", in: .debug)
    case .slab: Row("slab", in: .kernel)
    case .modules: Row("module", in: .root)
    case .fileSystems: Row("fs", in: .root)
    case .block: Row("block", in: .root)
    case .hugepages: Row("hugepages", in: .mm)
    case .hugePageFolder: Row("", in: .hugepages)
    case .contiguousPageFolder: Row("", in: .hugepages)
    case .transparent: Row("transparent_hugepage", in: .mm)
    case .khugepaged: Row("khugepaged", in: .transparent)
    case .swapFolder: Row("swap", in: .mm)
    case .generations: Row("lru_gen", in: .mm)
    case .vulnerabilities: Row("vulnerabilities", in: .cpuFolder)
    case .cpu0: Row("cpu0", in: .cpuFolder)
    case .topology: Row("topology", in: .cpu0)
    case .regs: Row("regs", in: .cpu0)
    case .identification: Row("identification", in: .regs)
    case .possible: Row("possible", in: .cpuFolder, "0\n")
    case .offline: Row("offline", in: .cpuFolder, "\n")
    case .present: Row("present", in: .cpuFolder, "0\n")
    case .online: Row("online", in: .cpuFolder, "0\n")
    case .isolated: Row("isolated", in: .cpuFolder, "\n")
    case .kernelMax: Row("kernel_max", in: .cpuFolder, "3\n")
    case .modalias: Row("modalias", in: .cpuFolder)
    case .spectreV1:
      Row("spectre_v1", in: .vulnerabilities, "Mitigation: __user pointer sanitization\n")
    case .spectreV2:
      Row("spectre_v2", in: .vulnerabilities, "Mitigation: CSV2, but not BHB\n")
    case .spectreV4:
      Row(
        "spec_store_bypass", in: .vulnerabilities,
        "Mitigation: Speculative Store Bypass disabled via prctl\n")
    case .meltdown: Row("meltdown", in: .vulnerabilities, "Not affected\n")
    case .midr: Row("midr_el1", in: .identification)
    case .revidr: Row("revidr_el1", in: .identification, "0x0000000000000000\n")
    case .cpuCapacity: Row("cpu_capacity", in: .cpu0, "1024\n")
    default: isTopology ? topologyRow : memoryRow
    }
  }

  private var isTopology: Bool {
    rawValue >= SysAttribute.clusterCPUs.rawValue
      && rawValue <= SysAttribute.threadSiblings.rawValue
  }

  /// One processor, in every sense: masks say 1, lists and numbers 0.
  private var topologyRow: Row {
    switch self {
    case .clusterCPUs: Row("cluster_cpus", in: .topology, "1\n")
    case .clusterCPUsList: Row("cluster_cpus_list", in: .topology, "0\n")
    case .packageID: Row("physical_package_id", in: .topology, "0\n")
    case .coreCPUsList: Row("core_cpus_list", in: .topology, "0\n")
    case .coreSiblings: Row("core_siblings", in: .topology, "1\n")
    case .clusterID: Row("cluster_id", in: .topology, "0\n")
    case .coreSiblingsList: Row("core_siblings_list", in: .topology, "0\n")
    case .packageCPUs: Row("package_cpus", in: .topology, "1\n")
    case .packageCPUsList: Row("package_cpus_list", in: .topology, "0\n")
    case .threadSiblingsList: Row("thread_siblings_list", in: .topology, "0\n")
    case .coreID: Row("core_id", in: .topology, "0\n")
    case .coreCPUs: Row("core_cpus", in: .topology, "1\n")
    default: Row("thread_siblings", in: .topology, "1\n")
    }
  }

  /// Pools of huge pages (``PageFrames/HugePagePool``), and nothing that collapses small ones.
  private var memoryRow: Row {
    switch self {
    case .pageTables: Row("kernel_page_tables", in: .debug, permissions: 0o400)
    case .unusableIndex: Row("unusable_index", in: .extfrag)
    case .fragmentationIndex: Row("extfrag_index", in: .extfrag)
    case .freeHugePages: Row("free_hugepages", in: .hugePageFolder)
    case .reservedHugePages: Row("resv_hugepages", in: .hugePageFolder, "0\n")
    case .surplusHugePages: Row("surplus_hugepages", in: .hugePageFolder, "0\n")
    case .numberOfHugePages:
      Row("nr_hugepages", in: .hugePageFolder, permissions: 0o644)
    case .overcommitHugePages:
      Row("nr_overcommit_hugepages", in: .hugePageFolder, permissions: 0o644)
    case .freeContiguousPages: Row("free_hugepages", in: .contiguousPageFolder)
    case .reservedContiguousPages: Row("resv_hugepages", in: .contiguousPageFolder, "0\n")
    case .surplusContiguousPages: Row("surplus_hugepages", in: .contiguousPageFolder, "0\n")
    case .numberOfContiguousPages:
      Row("nr_hugepages", in: .contiguousPageFolder, permissions: 0o644)
    case .overcommitContiguousPages:
      Row("nr_overcommit_hugepages", in: .contiguousPageFolder, permissions: 0o644)
    case .defrag:
      Row("defrag", in: .transparent, "always defer defer+madvise madvise [never]\n")
    case .enabled: Row("enabled", in: .transparent, "always madvise [never]\n")
    case .useZeroPage: Row("use_zero_page", in: .transparent, "0\n")
    case .shmemEnabled:
      Row(
        "shmem_enabled", in: .transparent, "always within_size advise [never] deny force\n")
    case .hugePageSize: Row("hpage_pmd_size", in: .transparent)
    case .khugepagedDefrag: Row("defrag", in: .khugepaged, "0\n")
    case .maxShared: Row("max_ptes_shared", in: .khugepaged)
    case .scanSleep: Row("scan_sleep_millisecs", in: .khugepaged, "10000\n")
    case .maxNone: Row("max_ptes_none", in: .khugepaged)
    case .pagesToScan: Row("pages_to_scan", in: .khugepaged)
    case .maxSwap: Row("max_ptes_swap", in: .khugepaged)
    case .allocSleep: Row("alloc_sleep_millisecs", in: .khugepaged, "60000\n")
    case .pagesCollapsed: Row("pages_collapsed", in: .khugepaged, "0\n")
    case .usesGenerations: Row("enabled", in: .generations, permissions: 0o644)
    case .generationLife: Row("min_ttl_ms", in: .generations, permissions: 0o644)
    case .fullScans: Row("full_scans", in: .khugepaged, "0\n")
    default: Row("vma_ra_enabled", in: .swapFolder, "true\n")
    }
  }
}
