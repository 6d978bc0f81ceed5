public import MemoryTypes

/// The system registers that switch translation on, as functions of what is wanted.
///
/// TCR_EL1 as arch/arm64/mm/proc.S:__cpu_setup builds it: both halves of the same size and granule,
/// write-back cacheable inner-shareable walks, 16-bit ASIDs taken from TTBR1, tags in user pointers
/// ignored. With LPA2, `DS` is set and the shareability of every page stands here, in SH0 and SH1.
public struct TranslationControl: BitwiseCopyable, Hashable, Sendable {
  public let geometry: TranslationGeometry
  /// The bits of a physical address that the CPU has: ID_AA64MMFR0_EL1.PARange decoded.
  public let physicalBits: UInt64
  /// Hardware sets access flags (HA) and, with it, dirty state (HD).
  public let hasHardwareAccessAndDirty: Bool

  @inlinable public init(
    geometry: TranslationGeometry, physicalBits: UInt64 = 48,
    hasHardwareAccessAndDirty: Bool = false
  ) {
    self.geometry = geometry
    self.physicalBits = physicalBits
    self.hasHardwareAccessAndDirty = hasHardwareAccessAndDirty
  }

  /// The bits of an output address: what the CPU has, 48 at most unless descriptors hold 52.
  @inlinable public var outputBits: UInt64 { min(physicalBits, geometry.outputBits) }

  /// TCR_EL1.
  @inlinable public var tcr: UInt64 {
    let size = 64 &- geometry.vaBits
    var tcr = size | size &<< 16  // T0SZ, T1SZ
    tcr |= 0b01 &<< 8 | 0b01 &<< 10 | 0b11 &<< 12  // IRGN0, ORGN0 write-back; SH0 inner
    tcr |= 0b01 &<< 24 | 0b01 &<< 26 | 0b11 &<< 28  // the same for TTBR1
    tcr |= Self.granule0(geometry.pageSize) &<< 14 | Self.granule1(geometry.pageSize) &<< 30
    tcr |= 1 &<< 22  // A1: the ASID is TTBR1's
    tcr |= Self.sizeCode(outputBits) &<< 32  // IPS
    tcr |= 1 &<< 36 | 1 &<< 37  // AS: 16-bit ASIDs; TBI0
    if hasHardwareAccessAndDirty { tcr |= 1 &<< 39 | 1 &<< 40 }  // HA, HD
    if usesLPA2 { tcr |= 1 &<< 59 }  // DS
    return tcr
  }

  /// Whether the 52-bit format for 4K and 16K pages is in use (TCR_EL1.DS).
  @inlinable public var usesLPA2: Bool {
    geometry.hasLargeOutput && geometry.pageSize != .sixtyFourKiB
  }

  /// MAIR_EL1 with Linux's five memory types.
  @inlinable public static func mair(tagged: Bool = false) -> UInt64 {
    var mair: UInt64 = 0
    for index in 0..<UInt8(5) {
      guard let type = MemoryType(rawValue: index) else { continue }
      mair |= UInt64(type.attribute(tagged: tagged)) &<< (UInt64(index) &* 8)
    }
    return mair
  }

  /// TTBR0_EL1 or TTBR1_EL1 for a root table, with an ASID where that register carries it.
  ///
  /// With 52-bit output addresses, bits 5:2 hold address bits 51:48, and the table is aligned to 64
  /// bytes at least (Arm ARM D17.2.144, `phys_to_ttbr`).
  @inlinable public func ttbr(root: PhysicalAddress, asid: ASID = ASID(0)) -> UInt64 {
    var base = root.rawValue & 0x0000_ffff_ffff_fffe
    if geometry.hasLargeOutput { base |= (root.rawValue &>> 46) & 0x3c }
    return base | UInt64(asid.rawValue) &<< 48
  }

  /// The root table that a TTBR points to.
  @inlinable public func root(ttbr: UInt64) -> PhysicalAddress {
    guard geometry.hasLargeOutput else { return PhysicalAddress(ttbr & 0x0000_ffff_ffff_fffe) }
    return PhysicalAddress((ttbr & 0x0000_ffff_ffff_ffc0) | (ttbr & 0x3c) &<< 46)
  }

  /// TG0: the granule of TTBR0.
  @inlinable static func granule0(_ size: PageSize) -> UInt64 {
    size == .fourKiB ? 0b00 : size == .sixtyFourKiB ? 0b01 : 0b10
  }

  /// TG1: the granule of TTBR1, numbered differently.
  @inlinable static func granule1(_ size: PageSize) -> UInt64 {
    size == .fourKiB ? 0b10 : size == .sixtyFourKiB ? 0b11 : 0b01
  }

  /// The code of an address size in TCR_EL1.IPS and ID_AA64MMFR0_EL1.PARange, rounded down.
  @inlinable public static func sizeCode(_ bits: UInt64) -> UInt64 {
    switch bits {
    case 52...: 0b110
    case 48...: 0b101
    case 44...: 0b100
    case 42...: 0b011
    case 40...: 0b010
    case 36...: 0b001
    default: 0b000
    }
  }

  /// The address size that a code stands for, 52 for codes to come.
  @inlinable public static func addressBits(sizeCode: UInt64) -> UInt64 {
    switch sizeCode & 0xf {
    case 0: 32
    case 1: 36
    case 2: 40
    case 3: 42
    case 4: 44
    case 5: 48
    default: 52
    }
  }
}

/// SCTLR_EL1's bits, by their names in the Arm ARM.
public struct SystemControl: OptionSet, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable static func bit(_ n: UInt64) -> Self { Self(rawValue: 1 &<< n) }
  /// M: translation.
  @inlinable public static var mmu: Self { bit(0) }
  /// C and I: data and instruction caches.
  @inlinable public static var dataCache: Self { bit(2) }
  @inlinable public static var instructionCache: Self { bit(12) }
  /// SA and SA0: the stack pointer must be aligned, at EL1 and EL0.
  @inlinable public static var stackAlignment: Self { bit(3) }
  @inlinable public static var userStackAlignment: Self { bit(4) }
  /// SED: no SETEND at EL0.
  @inlinable public static var noSetEnd: Self { bit(8) }
  /// EOS and EIS: exceptions synchronise context.
  @inlinable public static var exceptionExitSynchronises: Self { bit(11) }
  @inlinable public static var exceptionEntrySynchronises: Self { bit(22) }
  /// DZE, UCT, UCI: EL0 may use DC ZVA, read CTR_EL0, maintain caches.
  @inlinable public static var userZero: Self { bit(14) }
  @inlinable public static var userCacheType: Self { bit(15) }
  @inlinable public static var userCacheMaintenance: Self { bit(26) }
  /// nTWI and nTWE: EL0's WFI and WFE do not trap.
  @inlinable public static var userWaitForInterrupt: Self { bit(16) }
  @inlinable public static var userWaitForEvent: Self { bit(18) }
  /// TSCXT: EL0 may not use SCXTNUM_EL0.
  @inlinable public static var noUserContextNumber: Self { bit(20) }
  /// IESB: errors synchronise at exception entry.
  @inlinable public static var errorSynchronisation: Self { bit(21) }
  /// SPAN: taking an exception leaves PSTATE.PAN as it is.
  @inlinable public static var keepsPAN: Self { bit(23) }
  /// nTLSMD and LSMAOE: AArch32's multiple transfers as ever.
  @inlinable public static var noTrapLoadStoreMultiple: Self { bit(28) }
  @inlinable public static var loadStoreMultipleOrder: Self { bit(29) }
  /// EPAN: PAN also covers pages that EL0 may only execute.
  @inlinable public static var enhancedPAN: Self { bit(57) }
  /// ITFSB: tag check faults synchronise at entry.
  @inlinable public static var tagFaultSynchronisation: Self { bit(37) }

  /// With the MMU on, as Linux begins (`INIT_SCTLR_EL1_MMU_ON`).
  @inlinable public static var translating: Self {
    [
      .mmu, .dataCache, .instructionCache, .stackAlignment, .userStackAlignment, .noSetEnd,
      .userZero, .userCacheType, .userCacheMaintenance, .userWaitForEvent, .errorSynchronisation,
      .keepsPAN, .tagFaultSynchronisation, .enhancedPAN, .loadStoreMultipleOrder,
      .noTrapLoadStoreMultiple, .exceptionEntrySynchronises, .exceptionExitSynchronises,
      .noUserContextNumber,
    ]
  }
}
