import AddressSpaces
import Arm64
import KernelLayout
public import MemoryTypes
import PageFrames

/// The frames that every 32-bit program gets to see (arch/arm64/kernel/vdso.c, `aarch32_vdso_maps`):
/// filled by the board when it starts, and never freed.
public struct CompatPages: BitwiseCopyable, Sendable {
  /// `[vectors]`: helpers at fixed addresses, which end at 0xffff_1000 (kuser32.S).
  public var vectors: PageFrameNumber
  /// `[sigpage]`: the instructions that a handler returns to (sigreturn32.S).
  public var signalPage: PageFrameNumber
  /// The `[vdso]`, one page; its data page is that of the 64-bit one.
  public var vdso: PageFrameNumber

  public init(vectors: PageFrameNumber, signalPage: PageFrameNumber, vdso: PageFrameNumber) {
    self.vectors = vectors
    self.signalPage = signalPage
    self.vdso = vdso
  }

  /// What `[sigpage]` is filled with: an undefined instruction (COMPAT_SIGPAGE_POISON_WORD).
  @inlinable public static var poison: UInt32 { 0xe7fd_def1 }

  /// What `[sigpage]` begins with: the call that ends a handler, `sigreturn` and `rt_sigreturn`,
  /// each for Arm and Thumb (MOV R7, #n; SVC #n).
  @inlinable public static var signalReturns: InlineArray<6, UInt32> {
    [0xe3a0_7077, 0xef00_0077, 0xdf77_2777, 0xe3a0_70ad, 0xef00_00ad, 0xdfad_27ad]
  }

  /// Where in `[sigpage]` a handler returns to, with the bit that selects Thumb
  /// (arch/arm64/kernel/signal32.c:compat_setup_return()).
  @inlinable public static func returnOffset(thumb: Bool, information: Bool) -> UInt64 {
    let index: UInt64 = (thumb ? 2 : 0) &+ (information ? 3 : 0)
    return index &* 4 &+ (thumb ? 1 : 0)
  }
}

extension KernelState {
  /// Whether 32-bit programs run: EL0 has AArch32, and pages are 4K.
  ///
  /// Linux allows any page size if it is configured so; Debian's only kernel with COMPAT has 4K.
  @inlinable public var runsCompat: Bool { store.pointee.compat != nil }

  /// Maps `[vectors]`, `[vvar]` with `[vdso]`, and `[sigpage]`, in this order; where the vdso is
  /// (arch/arm64/kernel/vdso.c:aarch32_setup_additional_pages()).
  func mapCompatPages(
    into space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) -> VirtualAddress {
    guard let pages = store.pointee.compat else { throw .ENOEXEC }
    let one = PageCount(1)
    let pageSize = board.pageSize.bytes
    // Without mayWrite: nobody may have vectors of his own.
    try space.pointee.mapSpecial(
      .vectors, frames: (pages.vectors, one), [.read, .execute, .mayRead, .mayExecute],
      at: UserLayout.vectors)
    let data = store.pointee.vdso
    let dataLength = data.dataPages.bytes(of: board.pageSize)
    let start = try space.pointee.findRoom(dataLength + pageSize, hint: VirtualAddress(0))
    try space.pointee.mapSpecial(
      .vvar, frames: (data.data, data.dataPages), [.read, .mayRead, .frameNumbers], at: start)
    let code: AreaFlags = [.read, .execute, .mayRead, .mayWrite, .mayExecute]
    let vdso = start + dataLength
    try space.pointee.mapSpecial(.vdso32, frames: (pages.vdso, one), code, at: vdso)
    space.pointee.vdso = vdso
    let signalPage = try space.pointee.findRoom(pageSize, hint: VirtualAddress(0))
    try space.pointee.mapSpecial(.signalPage, frames: (pages.signalPage, one), code, at: signalPage)
    space.pointee.signalPage = signalPage
    return vdso
  }
}

extension HardwareCapabilities {
  /// AT_HWCAP and AT_HWCAP2 of 32-bit programs (arch/arm64/kernel/cpufeature.c,
  /// `compat_elf_hwcaps`; bits of arch/arm64/include/asm/hwcap.h, COMPAT_HWCAP_*).
  public init(compat id: IDRegisters) {
    // HALF, THUMB, FAST_MULT, EDSP, TLS, IDIVA, IDIVT, LPAE: every ARMv8 has them.
    var low: UInt64 = 0x0016_8096
    var high: UInt64 = 0
    func field(_ register: UInt64, _ shift: UInt64) -> UInt64 { (register &>> shift) & 0xf }
    // NEON: integer, loads and stores, single precision (compat_has_neon()).
    if field(id.mvfr1, 8) != 0, field(id.mvfr1, 12) != 0, field(id.mvfr1, 16) != 0 {
      low |= 1 &<< 12
    }
    if field(id.mvfr1, 28) >= 1 { low |= 1 &<< 16 }  // VFPv4: fused multiply and add
    if field(id.mvfr0, 8) >= 2 { low |= 1 &<< 6 | 1 &<< 13 }  // VFP, VFPv3: double precision
    if field(id.isar5, 4) >= 1 { high |= 1 &<< 0 }  // AES
    if field(id.isar5, 4) >= 2 { high |= 1 &<< 1 }  // PMULL
    if field(id.isar5, 8) >= 1 { high |= 1 &<< 2 }  // SHA1
    if field(id.isar5, 12) >= 1 { high |= 1 &<< 3 }  // SHA2
    if field(id.isar5, 16) >= 1 { high |= 1 &<< 4 }  // CRC32
    // Cortex-A57 and A72 get AES wrong at EL0 (erratum 1742098, broken_aarch32_aes[]).
    let part = id.midr & 0xff0f_fff0
    if part == 0x410f_d070 || part == 0x410f_d080 { high &= ~1 }
    self.init(hwcap: low, hwcap2: high)
  }
}
