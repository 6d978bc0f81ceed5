import MemoryTypes

/// The fixmap's slots for the device tree are counted in pages, and the dump shows all its slots.
enum Linux6_4: LayoutGeneration {
  static let since = KernelVersion(6, 4)
  static let summary = "a smaller fixmap, whose boot-time slots are known by name"
  static let source = "arch/arm64/include/asm/fixmap.h; mm/ptdump.c"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    guard var regions = Linux5_17.regions(of: configuration) else { return nil }
    regions.wholeFixmapStart =
      regions.fixmap.end - configuration.allFixmapSlots.bytes(of: configuration.pageSize)
    return regions
  }
}
