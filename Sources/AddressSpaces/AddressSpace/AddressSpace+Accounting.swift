import Arm64
public import MemoryTypes
import PageFrames

/// Counts of pages, virtual and resident, and the limits on them.
extension AddressSpace {
  /// Whether RLIMIT_AS and RLIMIT_DATA let the space grow (mm/mmap.c:may_expand_vm()).
  @inline(__always) func mayExpand(_ flags: AreaFlags, by pages: PageCount) -> Bool {
    let limits = context.pointee.current.pointee.limits
    let shift = pageSize.shift
    let (total, overflow) = totalPages.rawValue.addingReportingOverflow(pages.rawValue)
    if overflow || total > limits.pointee[.addressSpace].soft &>> shift { return false }
    guard flags.isDataMapping else { return true }
    let data = dataPages.rawValue &+ pages.rawValue
    let limit = limits.pointee[.data]
    if data <= limit.soft &>> shift { return true }
    // Valgrind sets the soft limit to 0 and means the hard one.
    return limit.soft == 0 && data <= limit.hard &>> shift
  }

  /// Adds pages of a kind of area to what the space has, or takes them (`vm_stat_account()`).
  @inline(__always) mutating func account(_ flags: AreaFlags, _ pages: PageCount) {
    totalPages += pages
    if flags.isExecutableMapping {
      executablePages += pages
    } else if flags.isStackMapping {
      stackPages += pages
    } else if flags.isDataMapping {
      dataPages += pages
    }
  }

  @inline(__always) mutating func unaccount(_ flags: AreaFlags, _ pages: PageCount) {
    account(flags, PageCount(0 &- pages.rawValue))
  }

  /// Whether RLIMIT_MEMLOCK lets more pages be locked (`mlock_future_check()`).
  @inline(__always) func mayLock(_ flags: AreaFlags, _ length: ByteCount) -> Bool {
    guard flags.contains(.locked) else { return true }
    let task = context.pointee.current
    let pages = length.wholePages(of: pageSize) + lockedPages
    return task.pointee.isPrivileged
      || pages.rawValue <= task.pointee.limits.pointee[.lockedMemory].soft &>> pageSize.shift
  }

  /// Adds to a resident count: the running task's own, if it works on its own space
  /// (`add_mm_counter_fast()`).
  @inline(__always) mutating func addResident(_ kind: PageKind, _ pages: Int64) {
    let task = context.pointee.current
    if task.pointee.space == here {
      task.pointee.delta[kind.rawValue] &+= pages
    } else {
      resident[kind.rawValue] &+= pages
    }
  }

  /// Takes what was unmapped from the counts, after pouring the task's own (`add_mm_rss_vec()`).
  mutating func subtractResident(_ unmapped: UnmappedPages, _ kind: PageKind) {
    synchronizeResident()
    resident[PageKind.anonymous.rawValue] &-= unmapped.anonymous
    resident[kind.rawValue] &-= unmapped.file
    resident[PageKind.swapped.rawValue] &-= unmapped.swapped
  }

  /// Pours the running task's counts into its space (`sync_mm_rss()`).
  public mutating func synchronizeResident() {
    let task = context.pointee.current
    guard task.pointee.space == here else { return }
    for kind in 0..<4 {
      resident[kind] &+= task.pointee.delta[kind]
      task.pointee.delta[kind] = 0
    }
    task.pointee.faultsSinceSync = 0
  }

  /// Does it at each fault after the 64th (`check_sync_rss_stat()`).
  @inline(__always) mutating func countFaultForSync() {
    let task = context.pointee.current
    let faults = task.pointee.faultsSinceSync
    task.pointee.faultsSinceSync = faults &+ 1
    guard faults > 64 else { return }
    // Never through a second pointer to this very space.
    if task.pointee.space == here {
      synchronizeResident()
    } else {
      task.pointee.space?.pointee.synchronizeResident()
    }
  }

  /// Resident pages of a kind as `/proc` shows them: never below zero (`get_mm_counter()`).
  public func residentPages(_ kind: PageKind) -> PageCount {
    PageCount(UInt64(max(resident[kind.rawValue], 0)))
  }

  /// Resident pages of all kinds in memory (VmRSS).
  public var residentPages: PageCount {
    residentPages(.file) + residentPages(.anonymous) + residentPages(.shared)
  }

  /// The most that was ever resident (VmHWM) or mapped (VmPeak).
  public var peakResidentPages: PageCount { max(peakResident, residentPages) }
  public var peakTotalPages: PageCount { max(peakTotal, totalPages) }

  /// Remembers the peaks before a count is lowered (`update_hiwater_rss()`, `update_hiwater_vm()`).
  @inline(__always) mutating func rememberPeakResident() { peakResident = peakResidentPages }
  @inline(__always) mutating func rememberPeakTotal() { peakTotal = peakTotalPages }
}

/// What a pass over page-table entries took out, by kind.
struct UnmappedPages: BitwiseCopyable {
  var anonymous: Int64 = 0
  var file: Int64 = 0
  var swapped: Int64 = 0
  /// Of these, the ones that nobody else has mapped.
  var lastAnonymous: Int64 = 0
  var lastFile: Int64 = 0
}
