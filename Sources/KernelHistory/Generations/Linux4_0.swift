import MemoryTypes

/// PCI I/O gets its 16M between guards of 2M under the modules, and the fixmap goes below it.
enum Linux4_0: LayoutGeneration {
  static let since = KernelVersion(4, 0)
  static let summary = "PCI I/O above the fixmap; from 4.4 on KASAN's shadow at the bottom"
  static let source = "arch/arm64/include/asm/memory.h, pgtable.h, kasan.h; mm/init.c:mem_init"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    guard var regions = Linux3_18.regions(of: configuration) else { return nil }
    regions.pciIO = AddressRange(
      size: .mebibytes(16), upTo: regions.modules.first - .mebibytes(2))
    regions.fixmap = configuration.fixmap(upTo: regions.pciIO.first - .mebibytes(2))
    if let shadow = configuration.earlyShadow() {
      regions.kasan = shadow
      regions.vmalloc.first = shadow.end + .kibibytes(64)
    }
    // arch/arm64/include/asm/pgtable.h of 4.5: vmemmap begins with the frame of PAGE_OFFSET.
    regions.countsFramesFromZero = configuration.version < KernelVersion(4, 5)
    return regions
  }
}
