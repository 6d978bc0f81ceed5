public import Arm64
public import MemoryTypes

/// Where the kernel half's regions lie, and the landmarks of the user half.
///
/// Linux 6.1 (arch/arm64/include/asm/memory.h, pgtable.h, fixmap.h), from the bottom of the kernel
/// half up:
///
/// ```
/// -2^VA                       linear map of RAM             PAGE_OFFSET … PAGE_END
/// -2^(min-1)                  modules, 128M                 after the KASAN shadow, if there is one
/// + 128M                      vmalloc, the kernel image first: KIMAGE_VADDR = VMALLOC_START
/// VMEMMAP_START - 256M        end of vmalloc
/// VMEMMAP_START - 32M         top of the fixmap
/// VMEMMAP_START - 24M, 16M    PCI I/O ports
/// -2^(VA - shift)             vmemmap: the frame table      shift = page shift - 6
/// ```
///
/// `min` is the VA size the kernel can fall back to: the same as VA, but 48 for 52.
public struct KernelLayout: BitwiseCopyable, Hashable, Sendable {
  /// The page size and the bits of a virtual address that the kernel is configured for.
  public let pageSize: PageSize
  public let vaBits: UInt64
  /// The bits that the machine really translates (`vabits_actual`); fewer than ``vaBits`` only for
  /// 52 on a machine that has 48.
  public let actualVABits: UInt64
  /// The KASAN shadow, a part of the kernel half.
  public let shadow: Shadow

  /// The layout of Linux 6.1 for a translation geometry.
  @inlinable public init(
    linux6_1 geometry: TranslationGeometry, shadow: Shadow = .none, actualVABits: UInt64? = nil
  ) {
    pageSize = geometry.pageSize
    vaBits = geometry.vaBits
    self.actualVABits = actualVABits ?? geometry.vaBits
    self.shadow = shadow
  }

  /// Whether there is a KASAN shadow.
  @inlinable public var hasShadow: Bool { shadow != .none }

  /// VA_BITS_MIN: the VA size that every machine has that this kernel runs on.
  @inlinable public var minimumVABits: UInt64 { min(vaBits, 48) }

  /// The address `bits` bits below the top: -2^bits.
  @inlinable static func top(_ bits: UInt64) -> VirtualAddress {
    VirtualAddress(0 &- 1 &<< bits)
  }
}

extension KernelLayout {
  /// What keeps a shadow of memory (lib/Kconfig.kasan); the raw value is KASAN_SHADOW_SCALE_SHIFT.
  public enum Shadow: UInt64, BitwiseCopyable, Sendable {
    /// Nothing does; hardware tags take the place of a shadow, too.
    case none = 0
    /// Generic KASAN: eight bytes to a byte of shadow.
    case generic = 3
    /// Software tags: sixteen bytes to a byte.
    case softwareTags = 4
  }
}
