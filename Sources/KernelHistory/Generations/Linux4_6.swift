import MemoryTypes

/// The image leaves the linear map for vmalloc, behind 128M of modules at the bottom.
enum Linux4_6: LayoutGeneration {
  static let since = KernelVersion(4, 6)
  static let summary = "the image moves into vmalloc, modules (now 128M) to the bottom"
  static let source = "arch/arm64/include/asm/memory.h, pgtable.h, kasan.h; mm/init.c:mem_init"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    guard var regions = Linux4_0.regions(of: configuration) else { return nil }
    let bottom = KernelRegions.top(configuration.kernelBits)
    regions.modules = AddressRange(regions.kasan?.end ?? bottom, size: .mebibytes(128))
    regions.vmalloc.first = regions.modules.end
    regions.pciIO = AddressRange(
      size: .mebibytes(16), upTo: regions.pageOffset - .mebibytes(2))
    regions.fixmap = configuration.fixmap(upTo: regions.pciIO.first - .mebibytes(2))
    regions.text = regions.modules.end + .kibibytes(512)
    return regions
  }
}
