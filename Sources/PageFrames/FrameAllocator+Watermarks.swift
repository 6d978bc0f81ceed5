import Arm64
public import MemoryTypes

extension FrameAllocator {
  /// Sets `vm.min_free_kbytes` and everything that hangs on it (`setup_per_zone_wmarks()`,
  /// `setup_per_zone_lowmem_reserve()`).
  public mutating func setMinFree(_ bytes: ByteCount) {
    minFree = bytes
    let all = Int(managed.rawValue)
    let size = board.pageSize
    let cpus = options.cpus
    let scale = watermarkScale
    zones.forEachPopulated { zone in
      let managed = zone.pointee.managed
      zone.pointee.watermarks = Watermarks(
        managed: managed, ofAll: all, minFree: bytes, pageSize: size, scale: scale)
      zone.pointee.perCPU.limits = PageSetLimits(
        managed: managed, low: zone.pointee.watermarks.low, cpus: cpus, pageSize: size)
    }
    // `vm.lowmem_reserve_ratio` 256 256 32 0: DMA keeps a part of what is above it. Of the other
    // zones only Normal has frames, and there is nothing above.
    let above = zones[.normal].pointee.managed
    zones[.dma].pointee.lowmemReserve[Int(ZoneIndex.normal.rawValue)] = above / 256
    zones[.dma].pointee.lowmemReserve[Int(ZoneIndex.movable.rawValue)] = above / 256
    updateLimits()
  }

  /// Sets `vm.watermark_scale_factor`, in ten-thousandths of a zone.
  public mutating func setWatermarkScale(_ scale: Int) {
    watermarkScale = scale
    setMinFree(minFree)
  }

  /// `vm.min_free_kbytes` as it is without being set.
  public var defaultMinFree: ByteCount {
    Watermarks.minFree(lowMemory: Int(managed.rawValue), pageSize: board.pageSize)
  }

  /// Raises `vm.min_free_kbytes` as khugepaged does when it starts.
  mutating func raiseMinFreeForHugePages() {
    var populated = 0
    zones.forEachPopulated { _ in populated &+= 1 }
    let wanted = Watermarks.recommendedMinFree(
      zones: populated, freeBuffer: freeBufferPages, geometry: geometry)
    if wanted > minFree { setMinFree(wanted) }
  }

  /// Frames above the high watermarks (`nr_free_buffer_pages()`).
  public var freeBufferPages: Int {
    var sum = 0
    zones.forEachPopulated { zone in
      sum &+= max(0, zone.pointee.managed &- zone.pointee.watermarks.high)
    }
    return sum
  }

  /// Frames that no program may count on (`totalreserve_pages`).
  public var totalReserve: Int {
    var sum = 0
    zones.forEachPopulated { zone in
      var most = 0
      for index in 0..<ZoneIndex.count { most = max(most, zone.pointee.lowmemReserve[index]) }
      sum &+= min(most &+ zone.pointee.watermarks.high, zone.pointee.managed)
    }
    return sum
  }

  /// The high watermarks of all zones together; of those up to one, each `atLeast` so many.
  public var highWatermarks: Int { highWatermarks(upTo: .movable) }
  public func highWatermarks(upTo highest: ZoneIndex, atLeast least: Int = 0) -> Int {
    var sum = 0
    zones.forEachPopulated { zone in
      if zone.pointee.index <= highest { sum &+= max(zone.pointee.watermarks.high, least) }
    }
    return sum
  }

  /// Whether every zone up to one has as many free frames as its high or its low watermark.
  public func areAbove(isHigh: Bool, upTo highest: ZoneIndex) -> Bool {
    var areAbove = true
    zones.forEachPopulated { zone in
      let marks = zone.pointee.watermarks
      if zone.pointee.index <= highest, zone.pointee.free < (isHigh ? marks.high : marks.low) {
        areAbove = false
      }
    }
    return areAbove
  }

  /// Recomputes where the straight line may go without a second look.
  mutating func updateLimits() {
    for bits in 0..<16 as Range<UInt32> {
      let highest = GFP(rawValue: bits).highestZone
      let zone = zones[highest >= .normal && zones[.normal].pointee.isPopulated ? .normal : .dma]
      choices[Int(bits)] = ZoneChoice(
        zone: zone,
        limit: zone.pointee.watermarks.low &+ zone.pointee.reservedHighAtomic
          &+ zone.pointee.lowmemReserve[Int(highest.rawValue)])
    }
  }
}
