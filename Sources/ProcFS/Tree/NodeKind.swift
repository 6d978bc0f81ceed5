import Files

/// Everything there is in `/proc` and `/sys`.
///
/// The numbers of the two roots are Files' (``ProceduralNode/processes``,
/// ``ProceduralNode/system``).
enum NodeKind: UInt16, BitwiseCopyable {
  case procRoot = 1
  case sysRoot = 2

  // /proc
  case selfLink, threadSelfLink, mountsLink
  case process
  case buddyinfo, cmdline, cpuinfo, filesystems, iomem, loadavg, meminfo, pagetypeinfo
  case slabinfo, stat, swaps, uptime, version, vmstat, zoneinfo
  // /proc/sys
  case sysFolder, sysKernel, sysVM, sysFS
  case hostname, osrelease, ostype, pidMax, randomize, kernelVersion, threadsMax, ngroupsMax
  case fileMax, nrOpen
  case adminReserve, compactionProactiveness, dirtyBackgroundRatio, dirtyRatio, extfragThreshold
  case legacyLayout, lowmemReserveRatio, maxMapCount, minFreeKilobytes, mmapMinAddress
  case hugePages, overcommitKilobytes, overcommitMemory, overcommitRatio, pageCluster, swappiness
  case userReserve, cachePressure, watermarkBoost, watermarkScale
  // /proc/PID
  case auxv, processCmdline, comm, cwd, environ, exe, fd, limits, maps, mounts, oomScore
  case oomScoreAdjust, processRoot, smaps, smapsRollup, processStat, statm, status, taskFolder
  /// /proc/PID/task/PID: what a process has, but for `task`.
  case descriptor, thread

  // /sys
  case kernelFolder, mmFolder, hugePageFolder, devicesFolder, systemFolder, cpuFolder, cpu0
  case hugePageEnabled, hugePageDefrag, hugePageSize, useZeroPage
  case cpuOnline, cpuPossible, cpuPresent
  case debugFolder, kernelPageTables

  /// Its type and permissions.
  var mode: FileMode {
    switch self {
    case .procRoot, .sysRoot, .process, .sysFolder, .sysKernel, .sysVM, .sysFS, .kernelFolder,
      .mmFolder, .hugePageFolder, .devicesFolder, .systemFolder, .cpuFolder, .cpu0, .taskFolder,
      .thread:
      FileMode(.directory, permissions: self == .sysRoot || isInSys ? 0o755 : 0o555)
    case .fd: FileMode(.directory, permissions: 0o500)
    case .debugFolder: FileMode(.directory, permissions: 0o700)
    case .selfLink, .threadSelfLink, .mountsLink, .exe, .cwd, .processRoot:
      FileMode(.symbolicLink, permissions: 0o777)
    case .descriptor: FileMode(.symbolicLink, permissions: 0o700)
    case .auxv, .environ, .kernelPageTables, .slabinfo, .pagetypeinfo:
      FileMode(.regular, permissions: 0o400)
    case .overcommitMemory, .overcommitRatio, .overcommitKilobytes, .maxMapCount,
      .mmapMinAddress, .minFreeKilobytes, .legacyLayout, .adminReserve, .userReserve, .comm,
      .oomScoreAdjust:
      FileMode(.regular, permissions: 0o644)
    default: FileMode(.regular, permissions: 0o444)
    }
  }

  private var isInSys: Bool { rawValue >= NodeKind.kernelFolder.rawValue }
}
