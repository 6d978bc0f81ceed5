import Files
import PageFrames

/// The folders and files of `/sys`: what the recorded configuration has of CPUs and of memory.
///
/// A file's number is its place in ``row``; a folder's entries are the rows that name it as theirs.
enum SysAttribute: UInt8, BitwiseCopyable {
  case root = 0
  case devices, kernel, system, cpuFolder, mm, debug, hugepages, hugePageFolder, transparent
  case khugepaged, swapFolder, vulnerabilities, cpu0, topology, regs, slab, modules, fileSystems
  case block
  case contiguousPageFolder, extfrag, generations, identification
  // /sys/devices/system/cpu
  case possible, offline, present, online, isolated, kernelMax, modalias
  case spectreV1, spectreV2, spectreV4, meltdown
  case midr, revidr, cpuCapacity
  case clusterCPUs, clusterCPUsList, packageID, coreCPUsList, coreSiblings, clusterID
  case coreSiblingsList, packageCPUs, packageCPUsList, threadSiblingsList, coreID, coreCPUs
  case threadSiblings
  // /sys/kernel
  case pageTables
  case freeHugePages, reservedHugePages, surplusHugePages, numberOfHugePages, overcommitHugePages
  case freeContiguousPages, reservedContiguousPages, surplusContiguousPages
  case numberOfContiguousPages, overcommitContiguousPages
  case defrag, enabled, useZeroPage, shmemEnabled, hugePageSize
  case khugepagedDefrag, maxShared, scanSleep, maxNone, pagesToScan, maxSwap, allocSleep
  case pagesCollapsed, fullScans
  case readAheadEnabled
  case usesGenerations, generationLife
  // /sys/kernel/debug/extfrag
  case unusableIndex, fragmentationIndex

  static var count: UInt8 { fragmentationIndex.rawValue &+ 1 }

  struct Row: BitwiseCopyable {
    var name: StaticString
    var folder: SysAttribute
    /// The text, for a file that always says the same; nil for folders and for what is computed.
    var text: StaticString?
    var permissions: UInt32

    init(
      _ name: StaticString, in folder: SysAttribute, _ text: StaticString? = nil,
      permissions: UInt32 = 0o444
    ) {
      self.name = name
      self.folder = folder
      self.text = text
      self.permissions = permissions
    }
  }

  /// The pool that a folder or a file is about.
  var hugePageSize: HugePageSize {
    switch self {
    case .contiguousPageFolder, .freeContiguousPages, .numberOfContiguousPages,
      .overcommitContiguousPages:
      .contiguous
    default: .block
    }
  }

  var isFolder: Bool { rawValue <= SysAttribute.identification.rawValue }

  var mode: FileMode {
    if self == .debug { return FileMode(.directory, permissions: 0o700) }
    return isFolder
      ? FileMode(.directory, permissions: 0o755)
      : FileMode(.regular, permissions: row.permissions)
  }
}
