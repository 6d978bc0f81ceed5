import MemoryTypes

/// 2G of modules.
enum Linux6_5: LayoutGeneration {
  static let since = KernelVersion(6, 5)
  static let summary = "modules have 2G, and the image begins behind them"
  static let source = "arch/arm64/include/asm/memory.h; kernel/module.c"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    guard var regions = Linux6_4.regions(of: configuration) else { return nil }
    regions.modules = AddressRange(regions.modules.first, size: .gibibytes(2))
    regions.vmalloc.first = regions.modules.end
    regions.text = regions.modules.end
    return regions
  }
}
