import Files

/// The files of a control group's folder, in the order in which Linux lists them (which is that of a
/// hash of their names).
enum ControlFile: UInt8, BitwiseCopyable {
  case events = 1
  case memoryEvents, processes, memoryEventsLocal, swapCurrent, swapMax, swapEvents
  case maximumDescendants, memoryCurrent, memoryStat, memoryLow, type, stat, swapHigh, threads
  case kill, memoryPeak, memoryMin, controllers, oomGroup, memoryMax, memoryHigh
  case subtreeControl, memoryReclaim, maximumDepth, memoryNumaStat, memoryPressure

  static var count: UInt8 { memoryPressure.rawValue &+ 1 }

  var name: StaticString {
    switch self {
    case .events: "cgroup.events"
    case .memoryEvents: "memory.events"
    case .processes: "cgroup.procs"
    case .memoryEventsLocal: "memory.events.local"
    case .swapCurrent: "memory.swap.current"
    case .swapMax: "memory.swap.max"
    case .swapEvents: "memory.swap.events"
    case .maximumDescendants: "cgroup.max.descendants"
    case .memoryCurrent: "memory.current"
    case .memoryStat: "memory.stat"
    case .memoryLow: "memory.low"
    case .type: "cgroup.type"
    case .stat: "cgroup.stat"
    case .swapHigh: "memory.swap.high"
    case .threads: "cgroup.threads"
    case .kill: "cgroup.kill"
    case .memoryPeak: "memory.peak"
    case .memoryMin: "memory.min"
    case .controllers: "cgroup.controllers"
    case .oomGroup: "memory.oom.group"
    case .memoryMax: "memory.max"
    case .memoryHigh: "memory.high"
    case .subtreeControl: "cgroup.subtree_control"
    case .memoryReclaim: "memory.reclaim"
    case .maximumDepth: "cgroup.max.depth"
    case .memoryNumaStat: "memory.numa_stat"
    case .memoryPressure: "memory.pressure"
    }
  }

  /// Whether only groups with memory of their own have it.
  var isOfMemory: Bool {
    switch self {
    case .memoryEvents, .memoryEventsLocal, .swapCurrent, .swapMax, .swapEvents, .memoryCurrent,
      .memoryStat, .memoryLow, .swapHigh, .memoryPeak, .memoryMin, .oomGroup, .memoryMax,
      .memoryHigh, .memoryReclaim, .memoryNumaStat:
      true
    default: false
    }
  }

  /// Whether the top has it, too (not CFTYPE_NOT_ON_ROOT).
  var isOnTop: Bool {
    switch self {
    case .processes, .maximumDescendants, .memoryStat, .stat, .threads, .controllers,
      .subtreeControl, .memoryReclaim, .maximumDepth, .memoryNumaStat, .memoryPressure:
      true
    default: false
    }
  }

  var permissions: UInt32 {
    switch self {
    case .events, .memoryEvents, .memoryEventsLocal, .swapCurrent, .swapEvents, .memoryCurrent,
      .memoryStat, .stat, .memoryPeak, .controllers, .memoryNumaStat, .memoryPressure:
      0o444
    case .kill, .memoryReclaim: 0o200
    default: 0o644
    }
  }
}
