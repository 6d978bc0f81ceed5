import MemoryTypes

/// The top is tidied, and the shadow goes below the middle, at the cost of the linear map.
enum Linux5_11: LayoutGeneration {
  static let since = KernelVersion(5, 11)
  static let summary =
    "a top of round numbers, vmemmap an image of the linear map, the shadow below the middle"
  static let source = "arch/arm64/include/asm/memory.h, pgtable.h, Kconfig"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    guard var regions = Linux5_17.regions(of: configuration) else { return nil }
    let bpf = AddressRange(regions.modules.first, size: .mebibytes(128))
    regions.bpf = bpf
    regions.modules = AddressRange(bpf.end, size: .mebibytes(128))
    regions.vmalloc.first = regions.modules.end
    regions.text = regions.modules.end
    return regions
  }
}
