import MemoryTypes

/// The top is laid out anew: vmemmap ends 1G below it, PCI I/O and the fixmap lie in that last 1G.
///
/// 52 bits come to 4K and 16K pages (LPA2). On a machine without them vmalloc gets the part of
/// vmemmap that stays unused.
enum Linux6_9: LayoutGeneration {
  static let since = KernelVersion(6, 9)
  static let summary =
    "PCI I/O and the fixmap above vmemmap, in the last 1G; 52 bits for every page size"
  static let source = "arch/arm64/include/asm/memory.h, pgtable.h, fixmap.h; mm/ptdump.c"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    let (actual, minimum) = (configuration.actualKernelBits, configuration.minimumVABits)
    let shift = configuration.pageSize.shift
    let pageOffset = KernelRegions.top(configuration.kernelBits)
    let bottom = KernelRegions.top(actual)
    let middle = KernelRegions.top(minimum - 1)
    let modules = AddressRange(middle, size: .gibibytes(2))
    /// The bytes of `struct page` for so many bytes of linear map.
    func frameTable(_ size: ByteCount) -> ByteCount {
      ByteCount((size.rawValue >> shift) * configuration.structPageSize)
    }
    let vmemmapEnd = VirtualAddress(0) - .gibibytes(1)
    let vmemmapBase = vmemmapEnd - frameTable(middle - pageOffset)
    let vmemmap = AddressRange(vmemmapBase + frameTable(bottom - pageOffset), upTo: vmemmapEnd)
    let fixmap = configuration.fixmap(upTo: VirtualAddress(0) - .mebibytes(8))
    let shadow =
      configuration.kasan.hasShadow
      ? AddressRange(
        size: ByteCount(1 << (actual - configuration.kasan.shadowScale)), upTo: middle) : nil
    return KernelRegions(
      pageOffset: pageOffset, memory: AddressRange(bottom, upTo: shadow?.first ?? middle),
      kasan: shadow, modules: modules,
      vmalloc: AddressRange(modules.end, upTo: vmemmap.first - .mebibytes(8)),
      fixmap: fixmap,
      wholeFixmapStart: fixmap.end
        - configuration.allFixmapSlots.bytes(of: configuration.pageSize),
      pciIO: AddressRange(vmemmapEnd + .mebibytes(8), size: .mebibytes(16)),
      vmemmap: vmemmap, vmemmapBase: vmemmapBase, text: modules.end)
  }
}
