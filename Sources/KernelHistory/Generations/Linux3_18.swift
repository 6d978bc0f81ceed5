import MemoryTypes

/// The image is in the linear map, which is the upper half of the kernel's; all else lies below it.
enum Linux3_18: LayoutGeneration {
  static let since = KernelVersion(3, 18)
  static let summary =
    "the image in the linear map, modules 64M below it, then fixmap, then PCI I/O"
  static let source = "arch/arm64/include/asm/memory.h, pgtable.h, io.h; mm/init.c:mem_init"

  static func regions(of configuration: LayoutConfiguration) -> KernelRegions? {
    let bits = configuration.kernelBits
    let pageOffset = KernelRegions.top(bits - 1)
    let modules = AddressRange(size: .mebibytes(64), upTo: pageOffset)
    let vmemmap = configuration.earlyVmemmap(below: pageOffset)
    return KernelRegions(
      pageOffset: pageOffset, memory: AddressRange(pageOffset, upTo: VirtualAddress(0)),
      modules: modules,
      vmalloc: AddressRange(
        KernelRegions.top(bits), upTo: vmemmap.first - .kibibytes(64)),
      fixmap: configuration.fixmap(
        upTo: modules.first - .mebibytes(2) - configuration.pageSize.bytes),
      pciIO: AddressRange(modules.first - .mebibytes(32), size: .mebibytes(16)),
      vmemmap: vmemmap, vmemmapBase: vmemmap.first, countsFramesFromZero: true,
      text: pageOffset + .kibibytes(512))
  }
}

extension LayoutConfiguration {
  /// VMEMMAP_SIZE before 4.7 serves all addresses of the kernel half, rounded up to PUD_SIZE; one
  /// PUD_SIZE stays free above it, and 64K below.
  func earlyVmemmap(below pageOffset: VirtualAddress) -> AddressRange {
    let pud = pudSize.rawValue
    let size = ((1 << (kernelBits - pageSize.shift)) * structPageSize + pud - 1) / pud * pud
    return AddressRange(size: ByteCount(size), upTo: pageOffset - pudSize)
  }

  /// KASAN_SHADOW_START and KASAN_SHADOW_END before 5.4: the lowest part of the kernel half.
  func earlyShadow() -> AddressRange? {
    guard kasan.hasShadow else { return nil }
    return AddressRange(
      KernelRegions.top(kernelBits), size: ByteCount(1 << (kernelBits - kasan.shadowScale)))
  }
}
