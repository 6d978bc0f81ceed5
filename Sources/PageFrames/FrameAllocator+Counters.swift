import Arm64
public import MemoryTypes

/// What is counted. Zones count frames that go and come; everything else is counted by whoever
/// does it.
extension FrameAllocator {
  /// Adds to a counter of the node, or an event.
  @inline(__always) public mutating func count(_ item: VMStat, by n: Int = 1) {
    let index = Int(item.rawValue)
    stats[index] &+= n
    if index < VMStat.firstEvent { lag.change(index, by: n) }
  }

  /// Adds to a counter of the node, as so many pages one after the other do.
  @inline(__always) public mutating func countEach(_ item: VMStat, by n: Int) {
    let index = Int(item.rawValue)
    stats[index] &+= n
    if index < VMStat.firstEvent { lag.changeEach(index, by: n) }
  }

  /// Adds to a counter of the zone that a frame is in.
  public mutating func count(_ item: VMStat, of number: PageFrameNumber, by n: Int) {
    precondition(item.isOfZone)
    zone(of: number).pointee.countEach(item, by: n)
  }

  /// A counter's value, of all zones together.
  public func statistic(_ item: VMStat) -> Int {
    let index = Int(item.rawValue)
    var sum = stats[index]
    if item.isOfZone {
      zones.forEachPopulated { sum &+= $0.pointee.stats[index] }
    } else if item == .pgfree {
      zones.forEachPopulated { sum &+= $0.pointee.freed }
    } else if let zone = item.zoneOfAllocations {
      sum &+= zones[zone].pointee.allocated
    }
    return sum
  }

  /// All frames that the allocator manages: MemTotal.
  public var managed: PageCount {
    var sum = 0
    zones.forEachPopulated { sum &+= $0.pointee.managed }
    return PageCount(UInt64(sum))
  }

  /// Frames in the buddy lists: MemFree.
  public var free: PageCount {
    var sum = 0
    zones.forEachPopulated { sum &+= $0.pointee.free }
    return PageCount(UInt64(sum))
  }

  /// Frames that nobody has: free, or on per-CPU lists.
  public var unused: PageCount {
    var sum = 0
    zones.forEachPopulated { sum &+= $0.pointee.free &+ $0.pointee.perCPU.count }
    return PageCount(UInt64(sum))
  }
}
