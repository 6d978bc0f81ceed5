package import MemoryTypes

/// What a core's MMU can translate: ID_AA64MMFR0_EL1 and, for 52-bit virtual addresses,
/// ID_AA64MMFR2_EL1.
///
/// Linux shows programs neither: reading ID_AA64MMFR0_EL1 in user mode is emulated, and of its
/// fields only ECV is let through (Documentation/arch/arm64/cpu-feature-registers.rst). So of a
/// core there is what its reference manual gives as the registers' values, which for these QEMU's
/// models repeat; of others it is said that it cannot be known.
package struct ArmTranslation: Equatable, Sendable {
  /// ID_AA64MMFR0_EL1.PARange, in bits.
  package var physicalBits: UInt64
  /// The granules (TGran4, TGran16, TGran64).
  package var granules: [PageSize]
  /// The bits of a virtual address in each half: 48, or 52 on 64K pages (FEAT_LVA).
  package var virtualBits: UInt64

  /// From the registers' values.
  package init(mmfr0: UInt64, mmfr2: UInt64) {
    let sizes: [UInt64] = [32, 36, 40, 42, 44, 48, 52, 56]
    physicalBits = sizes[Int(min(mmfr0 & 0xf, 7))]
    // Of 16K, 0 says that there is none; of the others 15 does.
    let has = [mmfr0 >> 28 & 0xf != 0xf, mmfr0 >> 20 & 0xf != 0, mmfr0 >> 24 & 0xf != 0xf]
    granules = zip([.fourKiB, .sixteenKiB, .sixtyFourKiB], has).filter(\.1).map(\.0)
    virtualBits = mmfr2 >> 16 & 0xf == 0 ? 48 : 52
  }

  /// Of a core whose manual is public; nil of others.
  package static func of(_ identity: ArmIdentity) -> ArmTranslation? {
    let mmfr0: UInt64? =
      switch (identity.implementer, identity.part) {
      case (0x41, 0xd03): 0x1122
      case (0x41, 0xd04), (0x41, 0xd05): 0x10_1122
      case (0x41, 0xd07), (0x41, 0xd08): 0x1124
      case (0x41, 0xd0b): 0x10_1122
      case (0x41, 0xd0c), (0x41, 0xd40): 0x10_1125
      case (0x41, 0xd47): 0x222_0010_1122
      case (0x41, 0xd49): 0x222_0010_1125
      case (0x46, 0x001): 0x1125
      default: nil
      }
    return mmfr0.map { ArmTranslation(mmfr0: $0, mmfr2: 0) }
  }
}
