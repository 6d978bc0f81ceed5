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
    guard let regime else { return nil }
    walked &+= 1
    let virtual = VirtualAddress(address)
    let shape = regime.geometry
    guard regime.isInRange(virtual),
      let root = virtual.isKernelHalf ? regime.upperRoot : regime.lowerRoot
    else { return refuse(virtual, kind, privilege, .translation(level: 0)) }
    guard root.rawValue &>> regime.outputBits == 0 else {
      return refuse(virtual, kind, privilege, .addressSize(level: 0))
    }

    var table = root.rawValue
    var level = shape.startLevel
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
    // The usual tables have their address where it is with 48-bit output addresses.
    let isUsual = !shape.hasLargeOutput && regime.outputBits == 48
    let translated = address & ((1 &<< shape.vaBits) &- 1)
    let indexMask: UInt64 = (1 &<< shape.bitsPerLevel) &- 1
    let tableMask = 0x0000_ffff_ffff_ffff & ~shape.pageSize.offsetMask
    while true {
      let place = table &+ ((translated &>> shape.shift(at: level)) & indexMask) &* 8
      guard let word = memory.descriptor(at: place) else {
        return refuse(
          virtual, kind, privilege, .externalAbortOnWalk(level: Int8(truncatingIfNeeded: level)))
      }
      requestDescriptor(at: place, privilege)
      counts.add(.descriptorReads(privilege, level: level))
      let descriptor = Descriptor(word)
      if word & 3 == 3 && level < 3 && isUsual {
        table = word & tableMask
        limits |= word & Descriptor.TableAttributes.all.rawValue
        level &+= 1
        if level == 3 { tables.note(address &>> shape.shift(at: 2), table) }
        remember(table, level, limits, under: address, shape)
        continue
      }
      if word & 3 == 3 && isUsual {
        guard
          word & Descriptor.Attributes.accessed.rawValue != 0
            || regime.hasHardwareAccessAndDirty
        else { return refuse(virtual, kind, privilege, .accessFlag(level: 3)) }
        let attributes = Descriptor.Attributes(rawValue: word & ~tableMask)
        return leaf(word & tableMask, attributes, limits, address, level, regime)
      }
      switch descriptor.kind(at: level, in: shape) {
      case .invalid:
        return refuse(
          virtual, kind, privilege, .translation(level: Int8(truncatingIfNeeded: level)))
      case .table(let next, let more):
        guard next.rawValue &>> regime.outputBits == 0 else {
          return refuse(
            virtual, kind, privilege, .addressSize(level: Int8(truncatingIfNeeded: level)))
        }
        limits |= more.rawValue
        table = next.rawValue
        level &+= 1
        if level == 3 { tables.note(address &>> shape.shift(at: 2), table) }
        remember(table, level, limits, under: address, shape)
      case .block(let start, let attributes), .page(let start, let attributes):
        guard start.rawValue &>> regime.outputBits == 0 else {
          return refuse(
            virtual, kind, privilege, .addressSize(level: Int8(truncatingIfNeeded: level)))
        }
        guard attributes.contains(.accessed) || regime.hasHardwareAccessAndDirty else {
          return refuse(
            virtual, kind, privilege, .accessFlag(level: Int8(truncatingIfNeeded: level)))
        }
        return leaf(
          start.rawValue, attributes, limits, address, level, regime)
      }
    }
  }

  /// Keeps a table of a level in the walk cache, if it keeps those of what a pointer to it covers.
  @inline(__always) private mutating func remember(
    _ table: UInt64, _ level: Int, _ limits: UInt64, under address: UInt64,
    _ shape: TranslationGeometry
  ) {
    guard hasWalkCache else { return }
    let shift = shape.shift(at: level &- 1)
    guard geometry.walkCache?.keeps(shift) == true else { return }
    // A table belongs to an address space in the lower half, to all of them in the upper.
    let isGlobal = VirtualAddress(address).isKernelHalf
    walkCache.insert(
      address, asid, shift: shift, isGlobal: isGlobal,
      TLBTranslation(table: table, level: level, limits: limits))
  }

  /// What a leaf says, under its tables' limits.
  private func leaf(
    _ start: UInt64, _ own: Descriptor.Attributes, _ limits: UInt64, _ address: UInt64,
    _ level: Int, _ regime: TranslationRegime
  ) -> TLBHit {
    let attributes =
      limits == 0 ? own : own.limited(by: Descriptor.TableAttributes(rawValue: limits))
    let shape = regime.geometry
    var flags =
      TLBTranslation.held | UInt64(truncatingIfNeeded: level) &<< TLBTranslation.levelShift
    let isUser = attributes.contains(.user)
    let isWritable = !attributes.contains(.readOnly)
    let isDirtying = regime.hasHardwareAccessAndDirty && attributes.contains(.dirtyBitModifier)
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
    let isRun = attributes.contains(.contiguous)
    let coverage =
      isRun ? shape.contiguousCoverage(at: level).rawValue : shape.coverage(at: level).rawValue
    // A run is aligned in both address spaces, so its first entry's output follows from any.
    return TLBHit(
      translation: TLBTranslation(rawValue: start & ~(coverage &- 1) | flags),
      shift: UInt64(truncatingIfNeeded: coverage.trailingZeroBitCount))
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
