/// The settings of `/proc/sys`, folder by folder in the order they are listed: those of the recorded
/// configuration whose subject is here.
///
/// A setting that something here obeys lives where it is obeyed (``ProcFS/value(of:)``); the others
/// keep what is written to them, as on a Linux where their subject never comes up.
enum Sysctl: UInt16, BitwiseCopyable {
  // fs
  case aioMaxNr = 0, aioNr, dentryState, fileMax, fileNr, inodeNr, inodeState, mountMax, nrOpen
  case fsOverflowGroup, fsOverflowUser, pipeMaxSize, pipeUserPagesHard, pipeUserPagesSoft
  case protectedFIFOs, protectedHardLinks, protectedRegular, protectedSymbolicLinks, suidDumpable
  // kernel
  case arch, autoMsgmni, cadPID, capLastCap, corePattern, corePipeLimit, coreUsesPID
  case controlAltDelete, dmesgRestrict, domainName, hostName, kptrRestrict, maxLockDepth, msgmax
  case msgmnb, msgmni, ngroupsMax, oopsLimit, osRelease, osType, overflowGroup, overflowUser
  case panic, panicOnOops, panicOnWarn, panicPrint, pidMax, printFatalSignals, printk
  case randomizeVASpace, sem, shmRmidForced, shmall, shmmax, shmmni, sysctlWritesStrict, sysrq
  case tainted, threadsMax, kernelVersion, warnLimit
  // vm
  case adminReserve, compactMemory, compactUnevictable, compactionProactiveness
  case dirtyBackgroundBytes, dirtyBackgroundRatio, dirtyBytes, dirtyExpire, dirtyRatio
  case dirtyWriteback, dirtytimeExpire, dropCaches, extfragThreshold, hugetlbGroup, laptopMode
  case legacyLayout, lowmemReserveRatio, maxMapCount, minFreeKilobytes, mmapMinAddress
  case mmapRandomBits, hugePages, overcommitHugePages, oomDumpTasks, oomKillAllocatingTask
  case overcommitKilobytes, overcommitMemory, overcommitRatio, pageCluster, pageLockUnfairness
  case panicOnOOM, percpuHighFraction, statInterval, statRefresh, swappiness
  case unprivilegedUserfaultfd, userReserve, cachePressure, watermarkBoost, watermarkScale

  static var fs: Range<UInt16> { aioMaxNr.rawValue..<arch.rawValue }
  static var kernel: Range<UInt16> { arch.rawValue..<adminReserve.rawValue }
  static var vm: Range<UInt16> { adminReserve.rawValue..<(watermarkScale.rawValue + 1) }

  /// How many there are.
  static var count: Int { Int(watermarkScale.rawValue) &+ 1 }

  /// What values it takes, and so how it reads and what writing something else answers.
  enum Kind: BitwiseCopyable {
    /// A number in a range (`proc_dointvec_minmax()`).
    case int(least: Int64, most: Int64)
    /// An unsigned long (`proc_doulongvec_minmax()`), which leaves negative numbers out.
    case long(least: UInt64, most: UInt64)
    /// Four numbers.
    case four
    /// A text that is not written to.
    case text
    /// Whatever is written makes something happen.
    case command
  }

  /// What the table says of it.
  struct Row: BitwiseCopyable {
    var name: StaticString
    var kind: Kind
    var initial: Int64
    var permissions: UInt32

    init(
      _ name: StaticString, _ initial: Int64 = 0, _ kind: Kind = .anyInt,
      permissions: UInt32 = 0o644
    ) {
      self.name = name
      self.kind = kind
      self.initial = initial
      self.permissions = permissions
    }
  }
}

extension Sysctl.Kind {
  /// Any `int`.
  static var anyInt: Self { .int(Int64(Int32.min)...Int64(Int32.max)) }
  static var positive: Self { .int(0...Int64(Int32.max)) }
  static var flag: Self { .int(0...1) }
  static var percent: Self { .int(0...100) }
  static var anyLong: Self { .long(0...UInt64.max) }

  static func int(_ range: ClosedRange<Int64>) -> Self {
    .int(least: range.lowerBound, most: range.upperBound)
  }

  static func long(_ range: ClosedRange<UInt64>) -> Self {
    .long(least: range.lowerBound, most: range.upperBound)
  }
}
