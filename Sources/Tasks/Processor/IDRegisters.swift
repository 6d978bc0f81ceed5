/// The ID registers that decide what programs are told about the CPU (Arm ARM D19.2).
public struct IDRegisters: BitwiseCopyable, Hashable, Sendable {
  /// ID_AA64PFR0_EL1, ID_AA64PFR1_EL1.
  public var pfr0: UInt64 = 0
  public var pfr1: UInt64 = 0
  /// ID_AA64ISAR0_EL1 to ID_AA64ISAR2_EL1.
  public var isar0: UInt64 = 0
  public var isar1: UInt64 = 0
  public var isar2: UInt64 = 0
  /// ID_AA64MMFR0_EL1 to ID_AA64MMFR2_EL1.
  public var mmfr0: UInt64 = 0
  public var mmfr1: UInt64 = 0
  public var mmfr2: UInt64 = 0
  /// ID_ISAR5_EL1, MVFR0_EL1 and MVFR1_EL1: what AArch32 has.
  public var isar5: UInt64 = 0
  public var mvfr0: UInt64 = 0
  public var mvfr1: UInt64 = 0
  /// MIDR_EL1.
  public var midr: UInt64 = 0

  @inlinable public init() {}
}

/// AT_HWCAP and AT_HWCAP2: the features of the CPU that programs may use.
///
/// Linux: arch/arm64/kernel/cpufeature.c, `arm64_elf_hwcaps`. Left out are the features whose
/// registers this kernel does not switch (SVE, SME, pointer authentication, MTE, BTI), which are
/// hidden from programs, and EVTSTRM, which needs the timer's event stream.
public struct HardwareCapabilities: BitwiseCopyable, Hashable, Sendable {
  public var hwcap: UInt64
  public var hwcap2: UInt64

  @inlinable public init(hwcap: UInt64, hwcap2: UInt64) {
    self.hwcap = hwcap
    self.hwcap2 = hwcap2
  }

  /// What the registers announce.
  public init(_ id: IDRegisters) {
    // CPUID: EL0's reads of the ID registers are emulated (HWCAP_CPUID, set without condition).
    var low: UInt64 = 1 &<< 11
    var high: UInt64 = 0
    // One line a row of Linux's table: the field's register and shift, its least value, the bit.
    func announce(
      _ register: UInt64, _ shift: UInt64, _ minimum: UInt64, _ bit: UInt64,
      _ word: inout UInt64
    ) {
      if (register &>> shift) & 0xF >= minimum { word |= 1 &<< bit }
    }
    // The signed fields of PFR0: 0xF is absent, 0 is present, 1 adds half precision.
    func announceSigned(_ shift: UInt64, _ present: UInt64, _ half: UInt64, _ word: inout UInt64) {
      let field = (id.pfr0 &>> shift) & 0xF
      if field < 8 { word |= 1 &<< present }
      if field < 8 && field >= 1 { word |= 1 &<< half }
    }
    announceSigned(16, 0, 9, &low)  // FP, FPHP
    announceSigned(20, 1, 10, &low)  // ASIMD, ASIMDHP
    announce(id.isar0, 4, 1, 3, &low)  // AES
    announce(id.isar0, 4, 2, 4, &low)  // PMULL
    announce(id.isar0, 8, 1, 5, &low)  // SHA1
    announce(id.isar0, 12, 1, 6, &low)  // SHA2
    announce(id.isar0, 12, 2, 21, &low)  // SHA512
    announce(id.isar0, 16, 1, 7, &low)  // CRC32
    announce(id.isar0, 20, 2, 8, &low)  // ATOMICS
    announce(id.isar0, 28, 1, 12, &low)  // ASIMDRDM
    announce(id.isar0, 32, 1, 17, &low)  // SHA3
    announce(id.isar0, 36, 1, 18, &low)  // SM3
    announce(id.isar0, 40, 1, 19, &low)  // SM4
    announce(id.isar0, 44, 1, 20, &low)  // ASIMDDP
    announce(id.isar0, 48, 1, 23, &low)  // ASIMDFHM
    announce(id.isar0, 52, 1, 27, &low)  // FLAGM
    announce(id.isar0, 52, 2, 7, &high)  // FLAGM2
    announce(id.isar0, 60, 1, 16, &high)  // RNG
    announce(id.pfr0, 48, 1, 24, &low)  // DIT
    announce(id.isar1, 0, 1, 16, &low)  // DCPOP
    announce(id.isar1, 0, 2, 0, &high)  // DCPODP
    announce(id.isar1, 12, 1, 13, &low)  // JSCVT
    announce(id.isar1, 16, 1, 14, &low)  // FCMA
    announce(id.isar1, 20, 1, 15, &low)  // LRCPC
    announce(id.isar1, 20, 2, 26, &low)  // ILRCPC
    announce(id.isar1, 32, 1, 8, &high)  // FRINT
    announce(id.isar1, 36, 1, 29, &low)  // SB
    announce(id.isar1, 44, 1, 14, &high)  // BF16
    announce(id.isar1, 44, 2, 32, &high)  // EBF16
    announce(id.isar1, 48, 1, 15, &high)  // DGH
    announce(id.isar1, 52, 1, 13, &high)  // I8MM
    announce(id.mmfr2, 32, 1, 25, &low)  // USCAT
    announce(id.pfr1, 4, 2, 28, &low)  // SSBS
    announce(id.mmfr0, 60, 1, 19, &high)  // ECV
    announce(id.mmfr1, 44, 1, 20, &high)  // AFP
    announce(id.isar2, 4, 1, 21, &high)  // RPRES
    announce(id.isar2, 0, 2, 31, &high)  // WFXT
    hwcap = low
    hwcap2 = high
  }
}
