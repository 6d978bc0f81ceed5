import MemoryTypes

/// vmemmap serves the linear map alone, and lies right below it; PCI I/O and the fixmap below that.
enum Linux4_7: LayoutGeneration {
  static let since = KernelVersion(4, 7)
  static let summary = "vmemmap, now for half as much, right below the linear map"
  static let source = "arch/arm64/include/asm/memory.h, pgtable.h; mm/init.c:mem_init"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    guard var regions = Linux4_6.regions(of: configuration) else { return nil }
    // STRUCT_PAGE_MAX_SHIFT, 6: room for 64 bytes a page whatever struct page has.
    let size = ByteCount(
      1 << (configuration.kernelBits - configuration.pageSize.shift - 1 + 6))
    regions.vmemmap = AddressRange(size: size, upTo: regions.pageOffset)
    regions.vmemmapBase = regions.vmemmap.first
    regions.vmalloc = AddressRange(
      regions.vmalloc.first,
      upTo: regions.vmemmap.first - configuration.pudSize - .kibibytes(64))
    regions.pciIO = AddressRange(
      size: .mebibytes(16), upTo: regions.vmemmap.first - .mebibytes(2))
    regions.fixmap = configuration.fixmap(upTo: regions.pciIO.first - .mebibytes(2))
    return regions
  }
}
