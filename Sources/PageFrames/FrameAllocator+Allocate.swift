import Arm64
import BoardFormat
public import MemoryTypes

extension FrameAllocator {
  /// Allocates one frame: the straight-line path.
  ///
  /// Its reference count is 1, its state ``Frame/State/kernel``, its `flags` and `mapping` clear.
  /// Nil if there is none that the flags may take.
  public mutating func allocate(_ flags: GFP) -> PageFrameNumber? {
    guard let number = takeListed(0, flags) else { return allocateRefilling(0, flags) }
    return number
  }

  /// Takes a block of a per-CPU list, while there is no doubt that the flags may take it.
  @inline(__always)
  private mutating func takeListed(_ order: Int, _ flags: GFP) -> PageFrameNumber? {
    let choice = choices[Int(flags.rawValue & 15)]
    let zone = choice.zone
    let list = zone.pointee.perCPU.heads[listIndex(order, flags)]
    guard choice.isBeyondDoubt(order), let frame = list.first else { return nil }
    return take(frame, of: zone, order, flags)
  }

  @inline(__always)
  private mutating func take(
    _ frame: KernelPointer<Frame>, of zone: KernelPointer<Zone>, _ order: Int, _ flags: GFP
  ) -> PageFrameNumber {
    FrameList.remove(frame)
    zone.pointee.perCPU.freeFactor &>>= 1
    zone.pointee.perCPU.count &-= 1 &<< order
    zone.pointee.allocated &+= 1 &<< order
    return ready(frame, order, flags)
  }

  @inline(__always)
  private func listIndex(_ order: Int, _ flags: GFP) -> Int {
    order &* MigrateType.count &+ Int((flags.rawValue &>> 3) & mobilityMask)
  }

  /// The same where the list is empty: as `get_page_from_freelist()` with its first zone would.
  @inline(never)
  private mutating func allocateRefilling(_ order: Int, _ flags: GFP) -> PageFrameNumber? {
    let choice = choices[Int(flags.rawValue & 15)]
    let zone = choice.zone
    let list = zone.pointee.perCPU.heads[listIndex(order, flags)]
    guard choice.isBeyondDoubt(order), list.isEmpty else { return allocateSlowly(order, flags) }
    zone.pointee.refill(order, migrateType(flags), firstRights(zone))
    guard let frame = list.first else { return allocateSlowly(order, flags) }
    return take(frame, of: zone, order, flags)
  }

  /// What the first look may do: as alloc_flags_nofragment(), types are not mixed in Normal while
  /// DMA has room.
  @inline(__always)
  private func firstRights(_ zone: KernelPointer<Zone>) -> AllocationRights {
    zone.pointee.index == .normal ? [.low, .noFragment] : .low
  }

  /// What every block gets before its owner has it (`prep_new_page()`).
  @inline(__always)
  private mutating func ready(
    _ frame: KernelPointer<Frame>, _ order: Int, _ flags: GFP
  ) -> PageFrameNumber {
    frame.pointee.state = .kernel
    frame.pointee.referenceCount = 1
    let number = frames.number(of: frame)
    if flags.contains(.zero) {
      board.clearPages(
        at: number.address(board.pageSize), PageCount(1 &<< UInt64(order)), board.pageSize)
    }
    if flags.contains(.account) { chargeKernel(number, order) }
    if !board.traced.isDisjoint(with: .framesOrSanitizer) { traceAllocation(number, order, flags) }
    return number
  }

  /// Allocates a block; nil if there is none that the flags may take.
  ///
  /// The first frame's reference count is 1, its state ``Frame/State/kernel``; the others are
  /// untouched.
  public mutating func allocate(_ order: Order, _ flags: GFP) -> PageFrameNumber? {
    if order == .zero { return allocate(flags) }
    guard order <= geometry.largest else { return nil }
    let order = Int(truncatingIfNeeded: order.rawValue)
    guard order <= PerCPULists.costly else { return allocateSlowly(order, flags) }
    guard let number = takeListed(order, flags) else { return allocateRefilling(order, flags) }
    return number
  }

  /// Everything but the straight line (`__alloc_pages()`, `__alloc_pages_slowpath()`).
  ///
  /// First above the low watermark; then kswapd is woken, and it goes down to the minimum, or below
  /// it where the flags permit; then, if the caller may wait, after all per-CPU lists and blocks kept
  /// for others were given back. What is still not there is noted: see ``Shortage``.
  @inline(never)
  mutating func allocateSlowly(_ order: Int, _ flags: GFP) -> PageFrameNumber? {
    let preferred = choices[Int(flags.rawValue & 15)].zone
    if let number = takeFromZones(order, flags, firstRights(preferred)) { return number }
    if flags.contains(.kswapdReclaim) { wakeKswapd(order, flags) }
    let rights = AllocationRights(flags, order: order)
    if let number = takeFromZones(order, flags, rights) { return number }
    if flags.contains(.memoryAllocator),
      let number = takeFromZones(order, flags, .noWatermarks)
    {
      return number
    }
    if servesVictim, !flags.contains(.noReserves),
      let number = takeFromZones(order, flags, rights.union(.victim))
    {
      return number
    }
    guard flags.contains(.directReclaim) else { return nil }
    if let number = lend(order, flags, rights) { return number }
    // Batches may hold the last reference of frames that nobody has any more.
    drainLRU()
    drain()
    if let number = takeFromZones(order, flags, rights) { return number }
    if unreserveHighAtomic(flags), let number = takeFromZones(order, flags, rights) {
      return number
    }
    if let number = lend(order, flags, rights) { return number }
    note(Shortage(order: Order(UInt64(order)), flags: flags))
    return nil
  }

  /// Takes from the reserve, where somebody will pay: reclaim is done on the way back to the program.
  private mutating func lend(
    _ order: Int, _ flags: GFP, _ rights: AllocationRights
  ) -> PageFrameNumber? {
    guard attention != nil, !flags.contains(.noReserves) else { return nil }
    let more: AllocationRights = servesCopy ? [.minReserve, .victim] : .minReserve
    guard let number = takeFromZones(order, flags, rights.union(more)) else { return nil }
    var debt = Shortage(order: Order(UInt64(order)), flags: flags)
    debt.isLent = true
    note(debt)
    request(.debt)
    return number
  }

  /// Takes a block from the first zone that has room for it (`get_page_from_freelist()`).
  private mutating func takeFromZones(
    _ order: Int, _ flags: GFP, _ rights: AllocationRights
  ) -> PageFrameNumber? {
    let highest = flags.highestZone
    var rights = rights
    while true {
      var index = Int8(highest.rawValue)
      while index >= 0, let zoneIndex = ZoneIndex(rawValue: UInt8(index)) {
        index &-= 1
        let zone = zones[zoneIndex]
        guard zone.pointee.isPopulated,
          rights.contains(.noWatermarks)
            || zone.pointee.hasRoom(order, for: highest, rights),
          let frame = zone.pointee.takeAny(order, migrateType(flags), rights)
        else { continue }
        if rights.contains(.highAtomic) {
          zone.pointee.reserveHighAtomic(frames.number(of: frame))
          updateLimits()
        }
        return ready(frame, order, flags)
      }
      guard rights.contains(.noFragment) else { return nil }
      rights.remove(.noFragment)
    }
  }

  /// The type of block to take from (`gfp_migratetype()`).
  private func migrateType(_ flags: GFP) -> MigrateType {
    mobilityMask == 0 ? .unmovable : flags.migrateType
  }

  mutating func unreserveHighAtomic(_ flags: GFP) -> Bool {
    let type = migrateType(flags)
    var found = false
    zones.forEachPopulated { zone in
      if !found { found = zone.pointee.unreserveHighAtomic(for: type, force: true) }
    }
    updateLimits()
    return found
  }
}

extension Zone {
  /// Takes a block from the per-CPU lists or the buddy lists (`rmqueue()`).
  mutating func takeAny(
    _ order: Int, _ type: MigrateType, _ rights: AllocationRights
  ) -> KernelPointer<Frame>? {
    guard let frame = takePerCPU(order, type, rights) ?? takeBuddy(order, type, rights) else {
      return nil
    }
    allocated &+= 1 &<< order
    return frame
  }

  private mutating func takePerCPU(
    _ order: Int, _ type: MigrateType, _ rights: AllocationRights
  ) -> KernelPointer<Frame>? {
    guard isPerCPU(order) else { return nil }
    perCPU.freeFactor &>>= 1
    let list = perCPU.heads[PerCPULists.index(order, type)]
    if list.isEmpty { refill(order, type, rights) }
    guard let frame = list.first else { return nil }
    FrameList.remove(frame)
    perCPU.count &-= 1 &<< order
    return frame
  }

  private mutating func takeBuddy(
    _ order: Int, _ type: MigrateType, _ rights: AllocationRights
  ) -> KernelPointer<Frame>? {
    var frame = rights.contains(.highAtomic) ? takeSmallest(order, .highAtomic) : nil
    if frame == nil { frame = take(order, type, rights) }
    // As rmqueue_buddy(): better that than fail one that cannot wait.
    if frame == nil, !rights.isDisjoint(with: [.nonBlock, .victim]) {
      frame = takeSmallest(order, .highAtomic)
    }
    if frame != nil { free &-= 1 &<< order }
    return frame
  }
}
