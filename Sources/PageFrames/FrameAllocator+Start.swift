import Arm64
public import MemoryTypes

extension FrameAllocator {
  /// Starts the allocator in memory taken from the map, and gives it all that is not reserved.
  ///
  /// The frame table must be mapped (``MemoryMap/populateFrameTable(_:)``). Frames are handed over
  /// in the largest blocks there are, so the work does not grow with RAM but with its blocks. Nil
  /// if there is too little RAM.
  public static func start(
    board: B, map: inout MemoryMap, frames: FrameTable, options: Options = Options()
  ) -> KernelPointer<Self>? {
    let geometry = map.geometry
    let zoneHeads = (geometry.orders &* MigrateType.count &+ PerCPULists.lists) &* ZoneIndex.count
    let zonesOffset = MemoryLayout<Self>.stride.alignedUp(64)
    let headsOffset = zonesOffset &+ (MemoryLayout<Zone>.stride &* ZoneIndex.count).alignedUp(64)
    let headsEnd = headsOffset &+ zoneHeads &* MemoryLayout<FrameLinks>.stride
    let vectorOffset = headsEnd.alignedUp(64)
    let bytes = vectorOffset &+ 2 &* MemoryLayout<LRUVector>.stride
    guard
      let address = map.allocate(ByteCount(UInt64(bytes)), alignment: ByteCount(64))
    else { return nil }
    if !options.ramIsZero { clearTable(frames, map) }

    // SAFETY: the memory was just taken, is RAM and large enough for the three parts.
    let memory = unsafe board.pointer(to: address)
    let zones = unsafe ZoneRow(
      base: (memory + zonesOffset).bindMemory(to: Zone.self, capacity: ZoneIndex.count))
    unsafe makeZones(zones, lists: memory + headsOffset, frames: frames, map)
    // SAFETY: behind the heads of the zones.
    let lru = unsafe LRUVector.make(at: memory + vectorOffset, group: 0)
    let isolated = unsafe LRUVector.make(
      at: memory + vectorOffset + MemoryLayout<LRUVector>.stride, group: .max)
    let normal = zones[.normal]
    // SAFETY: as above; the pointer is handed out once the allocator is initialised.
    let place = unsafe memory.bindMemory(to: Self.self, capacity: 1)
    unsafe place.initialize(
      to: Self(
        board: board, frames: frames, zones: zones,
        boundary: normal.pointee.isPopulated
          ? normal.pointee.firstFrame : PageFrameNumber(.max),
        rootLRU: lru, isolated: isolated, banks: RegionList(copying: map.banks), options: options))
    let allocator = unsafe KernelPointer(place)
    allocator.pointee.groupByMobility()
    if options.memTotal > .zero { map.holdBack(allBut: options.memTotal) }
    map.forEachFreeRange { allocator.pointee.adopt($0) }
    guard allocator.pointee.managed > .zero else { return nil }
    allocator.pointee.setMinFree(allocator.pointee.defaultMinFree)
    if options.hugePages { allocator.pointee.raiseMinFreeForHugePages() }
    allocator.pointee.setStatThresholds()
    return allocator
  }

  /// Gives a range that was reserved at boot to the allocator; the pages that lie in it only in
  /// part are left out (`memblock_free_all()`, `free_reserved_area()`).
  public mutating func adopt(_ range: PhysicalRange) {
    let size = board.pageSize
    let start = range.start.alignedUp(to: size)
    let end = PageFrameNumber(containing: range.end, size)
    var number = PageFrameNumber(containing: start, size)
    while number < end {
      // The largest block that may begin here and ends in time.
      var order = min(number.rawValue.trailingZeroBitCount, geometry.orders &- 1)
      while number + Order(UInt64(order)).pages > end { order &-= 1 }
      let zone = zone(of: number)
      zone.pointee.managed &+= 1 &<< order
      zone.pointee.freed &+= 1 &<< order
      zone.pointee.freeBlock(
        number, order, zone.pointee.blockType(of: number), toTail: true)
      number += Order(UInt64(order)).pages
    }
  }

  /// Zeroes the frame table of every section with RAM.
  private static func clearTable(_ frames: FrameTable, _ map: borrowing MemoryMap) {
    var done = PhysicalAddress(0)
    for index in 0..<map.banks.count {
      let start = max(done, map.banks[index].start.alignedDown(to: map.geometry.section))
      let end = map.banks[index].end.alignedUp(to: map.geometry.section)
      guard start < end else { continue }
      let first = PageFrameNumber(containing: start, map.geometry.pageSize)
      let count = PageFrameNumber(containing: end, map.geometry.pageSize) - first
      frames.clear(first, count)
      done = end
    }
  }

  /// Makes the zones as arch/arm64/mm/init.c:zone_sizes_init() lays them.
  private static func makeZones(
    _ zones: ZoneRow, lists: UnsafeMutableRawPointer, frames: FrameTable,
    _ map: borrowing MemoryMap
  ) {
    let geometry = map.geometry
    // As max_zone_phys(): RAM that begins above 4 GiB is all of it DMA.
    let fourGiB = PhysicalAddress(1 &<< 32)
    let limit = map.span.start >= fourGiB ? PhysicalAddress(.max) : fourGiB
    let stride = MemoryLayout<FrameLinks>.stride
    let freeHeads = geometry.orders &* MigrateType.count
    var heads = unsafe lists
    for index in 0..<UInt8(ZoneIndex.count) {
      guard let index = ZoneIndex(rawValue: index) else { continue }
      // SAFETY: `lists` has room for the heads of all zones.
      let freeLists = unsafe FrameLists(at: heads, count: freeHeads)
      unsafe heads += freeHeads &* stride
      let perCPU = unsafe FrameLists(at: heads, count: PerCPULists.lists)
      unsafe heads += PerCPULists.lists &* stride
      var zone = Zone(
        index, frames: frames, geometry: geometry, freeLists: freeLists,
        perCPU: PerCPULists(heads: perCPU))
      switch index {
      case .dma: zone.span(PhysicalRange(start: PhysicalAddress(0), end: limit), of: map)
      case .normal:
        zone.span(PhysicalRange(start: limit, end: PhysicalAddress(.max)), of: map)
      case .dma32, .movable: break
      }
      // SAFETY: the row has room for each zone.
      unsafe (zones.base + Int(index.rawValue)).initialize(to: zone)
    }
  }

  /// Decides whether there are enough page blocks to keep types apart (`build_all_zonelists()`).
  private mutating func groupByMobility() {
    var pages = 0
    zones.forEachPopulated { pages &+= $0.pointee.withoutTable }
    guard pages < Int(geometry.pageblock.pages.rawValue) &* MigrateType.count else { return }
    mobilityMask = 0
    zones.forEachPopulated { $0.pointee.groupsByMobility = false }
  }
}

extension Zone {
  /// Takes over the RAM in a range of addresses (`zone_spanned_pages_in_node()`).
  mutating func span(_ range: PhysicalRange, of map: borrowing MemoryMap) {
    let size = geometry.pageSize
    let node = map.span.intersection(range)
    guard !node.isEmpty else { return }
    for index in 0..<map.banks.count {
      let length = map.banks[index].intersection(range).length
      present &+= Int(length.wholePages(of: size).rawValue)
    }
    firstFrame = PageFrameNumber(containing: node.start, size)
    spanned = Int(node.length.wholePages(of: size).rawValue)
  }

  /// Present frames less those that the frame table takes (`free_area_init_core()`).
  var withoutTable: Int {
    let described = spanned > present &+ present / 16 ? present : spanned
    let table = ByteCount(UInt64(described) &<< FrameTable.frameShift)
    return max(0, present &- Int(table.pagesNeeded(of: geometry.pageSize).rawValue))
  }
}

extension MemoryMap {
  /// Reserves free frames, lowest first, until only so many bytes are left.
  mutating func holdBack(allBut memTotal: ByteCount) {
    let size = geometry.pageSize
    var frames: UInt64 = 0
    forEachFreeRange { frames &+= $0.wholePages(of: size).rawValue }
    let wanted = memTotal.wholePages(of: size).rawValue
    while frames > wanted {
      var next: PhysicalRange?
      forEachFreeRange { range in
        if next == nil && range.wholePages(of: size) > .zero { next = range }
      }
      guard let next else { return }
      let taken = min(next.wholePages(of: size), PageCount(frames &- wanted))
      guard
        reserve(
          PhysicalRange(
            start: next.start,
            end: next.start.alignedUp(to: size) + taken.bytes(of: size)))
      else { return }
      frames &-= taken.rawValue
    }
  }
}

extension PhysicalRange {
  /// The pages that lie in it with all their bytes.
  func wholePages(of size: PageSize) -> PageCount {
    let start = start.alignedUp(to: size)
    let end = end.alignedDown(to: size)
    return start < end ? (end - start).wholePages(of: size) : .zero
  }
}

extension Int {
  /// The least multiple of a power of two that is not below.
  func alignedUp(_ alignment: Int) -> Int { (self &+ alignment &- 1) & ~(alignment &- 1) }
}
