import Arm64
public import MemoryTypes

/// What `/proc/zoneinfo` says of a zone.
public struct ZoneFigures: BitwiseCopyable, Sendable {
  public var index: ZoneIndex
  public var free = 0
  public var boost = 0
  public var watermarks = Watermarks()
  public var spanned = 0
  public var present = 0
  public var managed = 0
  public var protection: InlineArray<4, Int> = .init(repeating: 0)
  /// The counters that are the zone's, by ``VMStat``'s raw value.
  public var stats: InlineArray<11, Int> = .init(repeating: 0)
  /// The first processor's lists.
  public var pageSetCount = 0
  public var pageSetHigh = 0
  public var pageSetBatch = 0
  public var statThreshold = 0
  public var reservedHighAtomic = 0
  public var firstFrame = PageFrameNumber(0)

  public var isPopulated: Bool { present > 0 }
}

extension FrameAllocator {
  /// A zone's numbers, for `/proc/zoneinfo`.
  public func figures(of index: ZoneIndex) -> ZoneFigures {
    let zone = zones[index]
    var figures = ZoneFigures(index: index)
    guard zone.pointee.isPopulated else { return figures }
    figures.free = zone.pointee.free
    figures.watermarks = zone.pointee.watermarks
    figures.spanned = zone.pointee.spanned
    figures.present = zone.pointee.present
    figures.managed = zone.pointee.managed
    figures.protection = zone.pointee.lowmemReserve
    figures.stats = zone.pointee.stats
    figures.pageSetCount = zone.pointee.perCPU.count
    figures.pageSetHigh = zone.pointee.perCPU.limits.high
    figures.pageSetBatch = zone.pointee.perCPU.limits.batch
    figures.statThreshold = PageSetLimits.statThreshold(
      managed: zone.pointee.managed, cpus: options.cpus, pageSize: board.pageSize)
    figures.reservedHighAtomic = zone.pointee.reservedHighAtomic
    figures.firstFrame = zone.pointee.firstFrame
    return figures
  }

  /// Visits the banks of RAM, lowest first.
  public func forEachBank(_ body: (PhysicalRange) -> Void) {
    for index in 0..<banks.count { body(banks[index]) }
  }

  /// Whether frames of different mobility are kept apart.
  public var groupsByMobility: Bool { mobilityMask != 0 }

  /// The free blocks of an order in a zone: `/proc/buddyinfo`.
  public func freeBlocks(_ index: ZoneIndex, _ order: Order) -> Int {
    guard order <= geometry.largest else { return 0 }
    return zones[index].pointee.freeBlocks[Int(order.rawValue)]
  }

  /// The free blocks of an order and a type in a zone: `/proc/pagetypeinfo`.
  ///
  /// Counts them.
  public func freeBlocks(_ index: ZoneIndex, _ order: Order, _ type: MigrateType) -> Int {
    guard order <= geometry.largest else { return 0 }
    let list = zones[index].pointee.list(Int(order.rawValue), type)
    var count = 0
    var next = list.first
    while let frame = next {
      count &+= 1
      next = list.frame(after: frame)
    }
    return count
  }

  /// Whether there is a free block of an order and a type in a zone.
  public func hasFreeBlocks(_ index: ZoneIndex, _ order: Order, _ type: MigrateType) -> Bool {
    order <= geometry.largest && !zones[index].pointee.list(Int(order.rawValue), type).isEmpty
  }

  /// The page blocks of a type in a zone, those counted that begin in RAM
  /// (`pagetypeinfo_showblockcount_print()`).
  public func pageblocks(_ index: ZoneIndex, _ type: MigrateType) -> Int {
    let zone = zones[index]
    var count = 0
    for bank in 0..<banks.count {
      var number = PageFrameNumber(containing: banks[bank].start, board.pageSize)
      let end = PageFrameNumber(containing: banks[bank].end, board.pageSize)
      while number < end {
        if self.zone(of: number) == zone && zone.pointee.blockType(of: number) == type {
          count &+= 1
        }
        number = PageFrameNumber((number.rawValue & blockMask) &+ ~blockMask &+ 1)
      }
    }
    return count
  }
}
