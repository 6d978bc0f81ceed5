package import MemoryTypes

/// Where one kernel's regions lie, by Linux's names.
package struct KernelRegions: Hashable, Sendable {
  /// PAGE_OFFSET, which is where `memstart_addr` is mapped.
  package var pageOffset: VirtualAddress
  /// The linear map, as far as this machine translates it.
  package var memory: AddressRange
  /// KASAN_SHADOW_START to KASAN_SHADOW_END.
  package var kasan: AddressRange?
  /// BPF_JIT_REGION_START to BPF_JIT_REGION_END.
  package var bpf: AddressRange?
  /// MODULES_VADDR to MODULES_END.
  package var modules: AddressRange
  /// VMALLOC_START to VMALLOC_END.
  package var vmalloc: AddressRange
  /// FIXADDR_START to FIXADDR_TOP: the permanent slots of the smallest configuration.
  package var fixmap: AddressRange
  /// FIXADDR_TOT_START, from which the kernel's own dump of its tables counts the fixmap.
  package var wholeFixmapStart: VirtualAddress?
  /// PCI_IO_START to PCI_IO_END.
  package var pciIO: AddressRange
  /// VMEMMAP_START to VMEMMAP_END.
  package var vmemmap: AddressRange
  /// VMEMMAP_START: the `struct page` of the first frame, which ``countsFramesFromZero`` names.
  package var vmemmapBase: VirtualAddress
  /// Whether the first frame of vmemmap is frame 0, and not that of PAGE_OFFSET.
  package var countsFramesFromZero = false
  /// Where the image is linked to begin (`_text`), before KASLR moves it.
  package var text: VirtualAddress

  /// The top of an address space: -2^bits.
  static func top(_ bits: UInt64) -> VirtualAddress { VirtualAddress(0 &- 1 << bits) }
}
