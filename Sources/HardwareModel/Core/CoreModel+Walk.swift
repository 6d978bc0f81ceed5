import Arm64
import MemoryTypes

/// The table walk, descriptor by descriptor through the caches (Arm ARM D8.2).
///
/// As ``TranslationRegime/walk(_:reading:eachStep:)`` does; here it begins where the walk cache
/// knows a table, and what it reads costs. Tests hold the two against each other.
extension CoreModel {
  /// What the tables say of an address; nil leaves the fault in ``fault``.
  mutating func walk(
    _ address: UInt64, _ kind: AccessKind, _ privilege: Privilege
  ) -> TLBHit? {
    walked &+= 1
    let plan = plan
    let virtual = VirtualAddress(address)
    let isKernelHalf = virtual.isKernelHalf
    let root = isKernelHalf ? plan.upperRoot : plan.lowerRoot
    guard plan.isInRange(address), root != WalkPlan.noRoot else {
      return refuse(virtual, kind, privilege, .translation(level: 0))
    }
    guard root &>> plan.outputBits == 0 else {
      return refuse(virtual, kind, privilege, .addressSize(level: 0))
    }

    var table = root
    var level = plan.startLevel
    var limits: UInt64 = 0
    if hasWalkCache {
      let known = walkCache.find(address, asid)
      if !known.isNone {
        counts.add(.walkCacheHits(privilege))
        table = known.translation.output
        limits = known.translation.limits
        level = Int(known.translation.level)
      }
    }
    if plan.isUsual, let hit = usualWalk(address, privilege, table, level, limits) { return hit }
    let isUsual = plan.isUsual
    let translated = address & plan.addressMask
    let tableMask = plan.tableMask
    while true {
      let place = table &+ ((translated &>> plan.shift(at: level)) & plan.indexMask) &* 8
      guard let word = memory.descriptor(at: place) else {
        return refuse(
          virtual, kind, privilege, .externalAbortOnWalk(level: Int8(truncatingIfNeeded: level)))
      }
      requestDescriptor(at: place, privilege)
      counts.add(.descriptorReads(privilege, level: level))
      if word & 3 == 3 && level < 3 && isUsual {
        table = word & tableMask
        limits |= word & Descriptor.TableAttributes.all.rawValue
        level &+= 1
        remember(table, level, limits, under: address)
        continue
      }
      if word & 3 == 3 && isUsual {
        guard
          word & Descriptor.Attributes.accessed.rawValue != 0
            || plan.hasHardwareAccessAndDirty
        else { return refuse(virtual, kind, privilege, .accessFlag(level: 3)) }
        let attributes = Descriptor.Attributes(rawValue: word & ~tableMask)
        return leaf(word & tableMask, attributes, limits, address, level)
      }
      guard let shape = regime?.geometry else { return nil }
      switch Descriptor(word).kind(at: level, in: shape) {
      case .invalid:
        return refuse(
          virtual, kind, privilege, .translation(level: Int8(truncatingIfNeeded: level)))
      case .table(let next, let more):
        guard next.rawValue &>> plan.outputBits == 0 else {
          return refuse(
            virtual, kind, privilege, .addressSize(level: Int8(truncatingIfNeeded: level)))
        }
        limits |= more.rawValue
        table = next.rawValue
        level &+= 1
        remember(table, level, limits, under: address)
      case .block(let start, let attributes), .page(let start, let attributes):
        guard start.rawValue &>> plan.outputBits == 0 else {
          return refuse(
            virtual, kind, privilege, .addressSize(level: Int8(truncatingIfNeeded: level)))
        }
        guard attributes.contains(.accessed) || plan.hasHardwareAccessAndDirty else {
          return refuse(
            virtual, kind, privilege, .accessFlag(level: Int8(truncatingIfNeeded: level)))
        }
        return leaf(start.rawValue, attributes, limits, address, level)
      }
    }
  }

  /// A walk of tables with 48-bit addresses that ends at a page; nil, and nothing done, for others.
  ///
  /// The descriptors are read first, and asked of the caches when all of them are known.
  @inline(__always) private mutating func usualWalk(
    _ address: UInt64, _ privilege: Privilege, _ start: UInt64, _ first: Int, _ known: UInt64
  ) -> TLBHit? {
    guard first >= 0 else { return nil }
    let translated = address & plan.addressMask
    let (indexMask, tableMask, levelBits) = (plan.indexMask &<< 3, plan.tableMask, plan.levelBits)
    var places = InlineArray<4, UInt64>(repeating: 0)
    var words = InlineArray<4, UInt64>(repeating: 0)
    var shift = plan.shift(at: first) &- 3
    var table = start
    var limits = known
    var level = first
    while true {
      let place = table &+ ((translated &>> shift) & indexMask)
      guard let word = memory.descriptor(at: place), word & 3 == 3 else { return nil }
      unsafe places[unchecked: level] = place
      unsafe words[unchecked: level] = word
      table = word & tableMask
      if level == 3 { break }
      limits |= word & Descriptor.TableAttributes.all.rawValue
      level &+= 1
      shift &-= levelBits
    }
    let page = unsafe words[unchecked: 3]
    guard page & Descriptor.Attributes.accessed.rawValue != 0 || plan.hasHardwareAccessAndDirty
    else { return nil }

    let row = LineQueues.walk | (privilege == .kernel ? 1 : 0)
    let asked = LineQueues.request(0, row: row, record: record)
    for level in first...3 {
      let line = unsafe places[unchecked: level] &>> lineShift
      unsafe queues.first[queued] = line | asked
      queued &+= 1
      counts.add(.descriptorReads(privilege, level: level))
    }
    if geometry.walksThroughDataCache {
      forgetNearData()
    } else {
      // Those before it are in the host's caches.
      unsafe secondPlaces.prefetch(places[unchecked: 3] &>> lineShift)
    }
    if first < 3 {
      unsafe tables.note(address &>> plan.shift(at: 2), words[unchecked: 2] & tableMask)
      if hasWalkCache {
        var under = known
        for level in first..<3 {
          let word = unsafe words[unchecked: level]
          under |= word & Descriptor.TableAttributes.all.rawValue
          remember(word & tableMask, level &+ 1, under, under: address)
        }
      }
    }
    return leaf(
      page & tableMask, Descriptor.Attributes(rawValue: page & ~tableMask), limits, address, 3)
  }

  /// Keeps a table of a level in the walk cache, if it keeps those of what a pointer to it covers.
  @inline(__always) private mutating func remember(
    _ table: UInt64, _ level: Int, _ limits: UInt64, under address: UInt64
  ) {
    let shift = plan.shift(at: level &- 1)
    if level == 3 { tables.note(address &>> shift, table) }
    guard hasWalkCache, walkCache.geometry.keeps(shift) else { return }
    // A table belongs to an address space in the lower half, to all of them in the upper.
    let isGlobal = VirtualAddress(address).isKernelHalf
    walkCache.insert(
      address, asid, shift: shift, isGlobal: isGlobal,
      TLBTranslation(table: table, level: level, limits: limits))
  }

  /// What a leaf says, under its tables' limits.
  @inline(__always) private mutating func leaf(
    _ start: UInt64, _ own: Descriptor.Attributes, _ limits: UInt64, _ address: UInt64, _ level: Int
  ) -> TLBHit {
    // Neighbours say the same of what they map.
    let said = own.rawValue
    if said != plan.said || level != plan.saidAt || limits != plan.saidUnder {
      let known = flags(own, limits, level)
      plan.said = said
      plan.saidAt = level
      plan.saidUnder = limits
      plan.flags = known
      let isRun = own.contains(.contiguous)
      if let shape = regime?.geometry {
        plan.coverage =
          (isRun ? shape.contiguousCoverage(at: level) : shape.coverage(at: level)).rawValue
      }
    }
    // A run is aligned in both address spaces, so its first entry's output follows from any.
    return TLBHit(
      translation: TLBTranslation(rawValue: start & ~(plan.coverage &- 1) | plan.flags),
      shift: UInt64(truncatingIfNeeded: plan.coverage.trailingZeroBitCount))
  }

  /// A leaf's attributes as a TLB keeps them.
  private func flags(
    _ own: Descriptor.Attributes, _ limits: UInt64, _ level: Int
  ) -> UInt64 {
    let attributes =
      limits == 0 ? own : own.limited(by: Descriptor.TableAttributes(rawValue: limits))
    var flags =
      TLBTranslation.held | UInt64(truncatingIfNeeded: level) &<< TLBTranslation.levelShift
    let isUser = attributes.contains(.user)
    let isWritable = !attributes.contains(.readOnly)
    let isDirtying = plan.hasHardwareAccessAndDirty && attributes.contains(.dirtyBitModifier)
    if isUser { flags |= TLBTranslation.user }
    if isWritable { flags |= TLBTranslation.writable }
    if isDirtying { flags |= TLBTranslation.dirtying }
    if !attributes.contains(.userExecuteNever) { flags |= TLBTranslation.userExecutes }
    // EL1 executes nothing that EL0 may write.
    if !attributes.contains(.privilegedExecuteNever) && !(isUser && (isWritable || isDirtying)) {
      flags |= TLBTranslation.kernelExecutes
    }
    if !attributes.contains(.notGlobal) { flags |= TLBTranslation.global }
    if attributes.memoryTypeIndex <= 1 { flags |= TLBTranslation.cacheable }
    return flags
  }

  private mutating func refuse(
    _ address: VirtualAddress, _ kind: AccessKind, _ privilege: Privilege, _ status: FaultStatus
  ) -> TLBHit? {
    counts.add(.faults(privilege))
    fault = ModelFault(address: address, kind: kind, privilege: privilege, status: status)
    return nil
  }
}

extension TLBTranslation {
  /// A table, as the walk cache keeps it: where it is, and what those before it limit.
  ///
  /// ``level`` is then that of the table itself. The limits' four bits lie where a page's flags are.
  @inline(__always) init(table: UInt64, level: Int, limits: UInt64) {
    rawValue =
      table & 0x000f_ffff_ffff_f000 | Self.held
      | UInt64(truncatingIfNeeded: level) &<< Self.levelShift | (limits &>> 59) &<< 1
  }

  @inline(__always) var limits: UInt64 { ((rawValue &>> 1) & 15) &<< 59 }
}

extension TLBGeometry {
  @inline(__always) func keeps(_ shift: UInt64) -> Bool { sizes &>> shift & 1 != 0 }
}
