import MemoryTypes

/// Programs of the BPF compiler get 128M of their own, below the modules.
enum Linux5_0: LayoutGeneration {
  static let since = KernelVersion(5, 0)
  static let summary = "128M for the BPF compiler below the modules; KASAN with software tags"
  static let source = "arch/arm64/include/asm/memory.h, pgtable.h"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    guard var regions = Linux4_7.regions(of: configuration) else { return nil }
    let bpf = AddressRange(regions.modules.first, size: .mebibytes(128))
    regions.bpf = bpf
    regions.modules = AddressRange(bpf.end, size: .mebibytes(128))
    regions.vmalloc.first = regions.modules.end
    regions.text = regions.modules.end + .kibibytes(512)
    return regions
  }
}
