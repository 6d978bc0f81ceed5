import KernelLayout
import MemoryTypes

/// The layout of 6.1, which is the booting kernel's own: ``KernelLayout`` has the formulas.
enum Linux5_17: LayoutGeneration {
  static let since = KernelVersion(5, 17)
  static let summary = "the BPF compiler's region is given up, its programs live in vmalloc"
  static let source = "arch/arm64/include/asm/memory.h, pgtable.h, fixmap.h"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    guard let layout = configuration.linux6_1 else { return nil }
    let bottom = max(layout.pageOffset, KernelRegions.top(configuration.actualKernelBits))
    return KernelRegions(
      pageOffset: layout.pageOffset, memory: AddressRange(bottom, upTo: layout.pageEnd),
      kasan: layout.hasShadow ? AddressRange(layout.shadowStart, upTo: layout.shadowEnd) : nil,
      modules: AddressRange(layout.modulesStart, upTo: layout.modulesEnd),
      vmalloc: AddressRange(layout.vmallocStart, upTo: layout.vmallocEnd),
      fixmap: configuration.fixmap(upTo: layout.fixmapTop),
      pciIO: AddressRange(layout.pciStart, upTo: layout.pciEnd),
      vmemmap: AddressRange(layout.vmemmapStart, upTo: layout.vmemmapEnd),
      vmemmapBase: layout.vmemmapStart, text: layout.kernelImage)
  }
}
