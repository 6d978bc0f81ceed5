import MemoryTypes

/// The halves are flipped: the linear map at the bottom, all else above it; 52 bits for the kernel.
enum Linux5_4: LayoutGeneration {
  static let since = KernelVersion(5, 4)
  static let summary =
    "flipped: the linear map below all else, so that one image serves 48 and 52 bits"
  static let source = "arch/arm64/include/asm/memory.h, pgtable.h, kasan.h, Kconfig"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    let (actual, minimum) = (configuration.actualKernelBits, configuration.minimumVABits)
    let pageOffset = KernelRegions.top(configuration.kernelBits)
    let middle = KernelRegions.top(minimum - 1)
    var top = middle
    var shadow: AddressRange?
    if configuration.kasan.hasShadow {
      // KASAN_SHADOW_OFFSET of Kconfig: the shadow of a kernel of the fewest bits begins in the middle.
      let scale = configuration.kasan.shadowScale
      top = middle + ByteCount(1 << (minimum - scale))
      shadow = AddressRange(size: ByteCount(1 << (actual - scale)), upTo: top)
    }
    let bpf = AddressRange(top, size: .mebibytes(128))
    let modules = AddressRange(bpf.end, size: .mebibytes(128))
    let frameTable = ByteCount((middle - pageOffset).rawValue >> (configuration.pageSize.shift - 6))
    let vmemmap = AddressRange(size: frameTable, upTo: VirtualAddress(0) - .mebibytes(2))
    let pciIO = AddressRange(size: .mebibytes(16), upTo: vmemmap.first - .mebibytes(2))
    return KernelRegions(
      pageOffset: pageOffset,
      memory: AddressRange(KernelRegions.top(actual), upTo: KernelRegions.top(actual - 1)),
      kasan: shadow, bpf: bpf, modules: modules,
      vmalloc: AddressRange(
        modules.end,
        upTo: VirtualAddress(0) - configuration.pudSize - frameTable - .kibibytes(64)),
      fixmap: configuration.fixmap(upTo: pciIO.first - .mebibytes(2)),
      pciIO: pciIO, vmemmap: vmemmap, vmemmapBase: vmemmap.first,
      // TEXT_OFFSET became 0 in 5.8.
      text: modules.end + (configuration.version < KernelVersion(5, 8) ? .kibibytes(512) : .zero))
  }
}
