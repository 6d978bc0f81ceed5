import Arm64
import MemoryTypes

/// What a processor has counted and not yet told (mm/vmstat.c: `vm_stat_diff`).
///
/// Linux adds a change to a difference of the processor's own, and tells everybody only once that
/// is larger than a threshold, or once a second. Programs can see it: after locking six pages
/// `Mlocked` is still 0. So the true counts are kept (``FrameAllocator/statistic(_:)``), and beside
/// them what is not told; ``FrameAllocator/shown(_:)`` is what `/proc` prints.
struct StatLag: BitwiseCopyable {
  var untold: InlineArray<52, Int8> = .init(repeating: 0)
  var threshold = 0

  init() {}

  /// One change (`__mod_node_page_state()`).
  @inline(__always) mutating func change(_ item: Int, by n: Int) {
    let sum = Int(untold[item]) &+ n
    untold[item] = abs(sum) > threshold ? 0 : Int8(truncatingIfNeeded: sum)
  }

  /// As many changes by one: what is told goes by a threshold and one each time.
  @inline(__always) mutating func changeEach(_ item: Int, by n: Int) {
    let sum = Int(untold[item]) &+ n
    untold[item] = Int8(
      truncatingIfNeeded: abs(sum) > threshold ? sum % (threshold &+ 1) : sum)
  }
}

extension FrameAllocator {
  /// What `/proc` shows of a counter: what the processors have told of it.
  public mutating func shown(_ item: VMStat) -> Int {
    tellWhenDue()
    let index = Int(item.rawValue)
    var sum = statistic(item)
    guard index < VMStat.firstEvent else { return sum }
    sum &-= Int(lag.untold[index])
    if item.isOfZone {
      zones.forEachPopulated { sum &-= Int($0.pointee.lag.untold[index]) }
    }
    return sum
  }

  /// Tells everything, once a second (`vmstat_update()`).
  private mutating func tellWhenDue() {
    let clock = board.clock
    guard clock.ticks &- lastTold >= clock.frequency else { return }
    lastTold = clock.ticks
    tell()
  }

  /// Tells everything at once (`vmstat_refresh()`).
  public mutating func tell() {
    let none = InlineArray<52, Int8>(repeating: 0)
    lag.untold = none
    zones.forEachPopulated { $0.pointee.lag.untold = none }
  }

  /// Sets how far a processor may run ahead (`refresh_zone_stat_thresholds()`).
  mutating func setStatThresholds() {
    var largest = 0
    let cpus = options.cpus
    let pageSize = board.pageSize
    zones.forEachPopulated { zone in
      let threshold = PageSetLimits.statThreshold(
        managed: zone.pointee.managed, cpus: cpus, pageSize: pageSize)
      zone.pointee.lag.threshold = threshold
      largest = max(largest, threshold)
    }
    lag.threshold = largest
  }
}

extension Zone {
  /// Adds to one of the zone's counters, one by one.
  @inline(__always) mutating func countEach(_ item: VMStat, by n: Int) {
    let index = Int(item.rawValue)
    stats[index] &+= n
    lag.changeEach(index, by: n)
  }
}

extension VMStat {
  /// The node's and the zones' counters of an LRU list.
  @inline(__always) static func ofLRU(_ list: Int) -> VMStat {
    VMStat(rawValue: VMStat.nr_inactive_anon.rawValue &+ UInt8(truncatingIfNeeded: list))
      ?? .nr_inactive_anon
  }

  @inline(__always) static func ofZoneLRU(_ list: Int) -> VMStat {
    VMStat(rawValue: VMStat.nr_zone_inactive_anon.rawValue &+ UInt8(truncatingIfNeeded: list))
      ?? .nr_zone_inactive_anon
  }
}
