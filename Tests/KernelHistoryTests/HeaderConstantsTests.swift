import KernelHistory
import MemoryTypes
import Testing

/// The formulas of later kernels against the constants of their headers.
@Suite struct HeaderConstantsTests {
  @Test(arguments: HeaderConstants.all) func equalsTheHeaders(_ linux: HeaderConstants) throws {
    let map = try #require(AddressMap(try linux.configuration()))
    #expect(linux.values.count > 12)
    func check(_ name: String, _ address: VirtualAddress?) {
      guard let expected = linux.values[name] else { return }
      #expect(
        address?.rawValue == expected,
        "\(linux.testDescription) \(name) \(String(expected, radix: 16))")
    }
    let kernel = map.kernel
    check("PAGE_OFFSET", kernel.pageOffset)
    check("PAGE_END", kernel.memory.end)
    check("MODULES_VADDR", kernel.modules.first)
    check("MODULES_END", kernel.modules.end)
    check("VMALLOC_START", kernel.vmalloc.first)
    check("VMALLOC_END", kernel.vmalloc.end)
    check("VMEMMAP_START", kernel.vmemmapBase)
    check("VMEMMAP_START", kernel.vmemmap.first)
    check("VMEMMAP_END", kernel.vmemmap.end)
    check("PCI_IO_START", kernel.pciIO.first)
    check("PCI_IO_END", kernel.pciIO.end)
    check("FIXADDR_START", kernel.fixmap.first)
    check("FIXADDR_TOP", kernel.fixmap.end)
    check("FIXADDR_TOT_START", kernel.wholeFixmapStart)
    check("KASAN_SHADOW_START", kernel.kasan?.first)
    check("KASAN_SHADOW_END", kernel.kasan?.end)
    for landmark in map.kernelLandmarks + map.userLandmarks {
      check(landmark.name, landmark.address)
    }
  }
}
