import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Limits and usage (kernel/sys.c).
extension SystemCall {
  private func resource(_ index: Int) throws(Errno) -> ResourceLimits.Resource {
    guard word(index) < 16,
      let resource = ResourceLimits.Resource(rawValue: Int(word(index)))
    else { throw .EINVAL }
    return resource
  }

  private func load(_ place: VirtualAddress) throws(Errno) -> ResourceLimits.Limit {
    ResourceLimits.Limit(
      soft: try space.pointee.copyIn(UInt64.self, from: place),
      hard: try space.pointee.copyIn(UInt64.self, from: place + ByteCount(8)))
  }

  private func store(_ limit: ResourceLimits.Limit, _ place: VirtualAddress) throws(Errno) {
    try space.pointee.copyOut(limit.soft, to: place)
    try space.pointee.copyOut(limit.hard, to: place + ByteCount(8))
  }

  private func set(
    _ resource: ResourceLimits.Resource, _ limit: ResourceLimits.Limit,
    of target: KernelPointer<Process<B>>
  ) throws(Errno) {
    guard limit.soft <= limit.hard else { throw .EINVAL }
    // sysctl_nr_open bounds what even user 0 may ask for.
    if resource == .openFiles && limit.hard > 1_048_576 { throw .EPERM }
    if limit.hard > target.pointee.limits[resource].hard
      && task.pointee.credentials.effectiveUser != 0
    {
      throw .EPERM
    }
    target.pointee.limits[resource] = limit
    if resource == .cpu { kernel.watchCPU(target) }
  }

  func getLimit() throws(Errno) -> UInt64 {
    let resource = try resource(0)
    try store(task.pointee.process.pointee.limits[resource], address(1))
    return 0
  }

  func setLimit() throws(Errno) -> UInt64 {
    let limit = try load(address(1))
    try set(resource(0), limit, of: task.pointee.process)
    return 0
  }

  /// prlimit64(pid, resource, new, old).
  func exchangeLimit() throws(Errno) -> UInt64 {
    var new: ResourceLimits.Limit?
    if argument(2) != 0 { new = try load(address(2)) }
    var target = task.pointee.process
    if int(0) != 0 {
      guard let other = kernel.task(int(0)) else { throw .ESRCH }
      try checkLimitPermission(other)
      target = other.pointee.process
    }
    let resource = try resource(1)
    let old = target.pointee.limits[resource]
    if let new { try set(resource, new, of: target) }
    if argument(3) != 0 { try store(old, address(3)) }
    return 0
  }

  /// Whose limits one may see and set: all of whose users and groups are one's own real ones
  /// (check_prlimit_permission()).
  private func checkLimitPermission(_ other: KernelPointer<Task<B>>) throws(Errno) {
    let mine = task.pointee.credentials
    let theirs = other.pointee.credentials
    guard
      other == task || mine.effectiveUser == 0
        || mine.user == theirs.user && mine.user == theirs.effectiveUser
          && mine.user == theirs.savedUser && mine.group == theirs.group
          && mine.group == theirs.effectiveGroup && mine.group == theirs.savedGroup
    else { throw .EPERM }
  }

  /// getrusage(who, usage).
  func resourceUsage() throws(Errno) -> UInt64 {
    _ = kernel.executed(by: task)
    var usage: UsageCounts
    switch int(0) {
    case 0, 1:  // RUSAGE_SELF, RUSAGE_THREAD
      usage = int(0) == 0 ? task.pointee.process.pointee.usage : task.pointee.usage
      usage.peakResident = max(usage.peakResident, space.pointee.peakResidentPages.rawValue)
    case -1: usage = task.pointee.process.pointee.childrensUsage  // RUSAGE_CHILDREN
    default: throw .EINVAL
    }
    try space.pointee.copyOut(ResourceUsage(usage, kernel.board.pageSize), to: address(1))
    return 0
  }
}

/// `struct rusage`, 144 bytes.
struct ResourceUsage: BitwiseCopyable {
  var userSeconds: UInt64
  var userMicroseconds: UInt64
  var systemSeconds: UInt64
  var systemMicroseconds: UInt64
  /// In kilobytes.
  var peakResident: UInt64
  private var unused1 = InlineArray<3, UInt64>(repeating: 0)
  var minorFaults: UInt64
  var majorFaults: UInt64
  private var unused2 = InlineArray<6, UInt64>(repeating: 0)
  var voluntarySwitches: UInt64
  var involuntarySwitches: UInt64

  /// Time is counted in instructions: one is a nanosecond, as on the board's own clock.
  init(_ usage: UsageCounts, _ pageSize: PageSize) {
    userSeconds = usage.executed.user / 1_000_000_000
    userMicroseconds = usage.executed.user % 1_000_000_000 / 1000
    systemSeconds = usage.executed.kernel / 1_000_000_000
    systemMicroseconds = usage.executed.kernel % 1_000_000_000 / 1000
    peakResident = PageCount(usage.peakResident).bytes(of: pageSize).kibibytes
    minorFaults = usage.minorFaults
    majorFaults = usage.majorFaults
    voluntarySwitches = usage.voluntarySwitches
    involuntarySwitches = usage.involuntarySwitches
  }
}
