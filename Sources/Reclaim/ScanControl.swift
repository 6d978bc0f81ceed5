public import PageFrames

/// One reclaim: for whom, how hard, and what came of it (`struct scan_control`).
public struct ScanControl: BitwiseCopyable, Sendable {
  /// The block that is wanted, and the zones and rights of the request.
  public var order = 0
  public var highest: ZoneIndex
  public var flags: GFP
  /// The memory group that must shrink; 0 for the machine.
  public var group: UInt32 = 0
  public var priority = ScanControl.firstPriority
  /// How many pages are enough.
  public var wanted = 0
  public var isKswapd = false
  public var mayUnmap = true
  public var maySwap = true
  public var mayWrite = true

  /// Pages looked at since the priority fell, and pages taken.
  public var scanned = 0
  public var reclaimed = 0

  /// Whether active lists are aged, of anonymous and of file pages; whether some were not that
  /// could have been, and whether all must be.
  var deactivates: (anonymous: Bool, file: Bool) = (false, false)
  var skippedDeactivation = false
  var forcesDeactivation = false
  /// Protection of groups by `memory.low`: passed over some, and does so no more.
  public var skippedLow = false
  public var reclaimsLow = false
  /// Much inactive cache that does not come back: only that is taken.
  var trimsCache = false
  /// So little cache is left that only anonymous pages are taken.
  var fileIsTiny = false
  var costs: (anonymous: UInt64, file: UInt64) = (0, 0)
  /// What was met since the node was last begun.
  var met = Met()

  /// What kswapd had taken when its round began, and whether generations may have to be made before
  /// the next (`last_reclaimed`, `memcgs_need_aging`).
  var lastReclaimed = 0
  var needsAging = false

  /// DEF_PRIORITY.
  public static var firstPriority: Int { 12 }

  public init(_ flags: GFP, highest: ZoneIndex) {
    self.flags = flags
    self.highest = highest
  }

  /// Whether a memory group must shrink (`cgroup_reclaim()`).
  var isOfGroup: Bool { group != 0 }

  /// Pages that were taken off the lists, and those of them that are being written, that are of files,
  /// and that are of files and dirty, and not being written (`sc->nr`).
  struct Met: BitwiseCopyable {
    var writeback = 0
    var taken = 0
    var fileTaken = 0
    var unqueuedDirty = 0

    init() {}
  }
}

/// What became of a batch (`struct reclaim_stat`).
struct BatchFigures: BitwiseCopyable {
  var unqueuedDirty = 0
  var writeback = 0
  var pageout = 0
  var activated: (anonymous: Int, file: Int) = (0, 0)

  init() {}
}
