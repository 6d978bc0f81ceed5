import Arm64
import KernelLayout
import MemoryTypes
import Testing

/// The formulas against the constants of twelve configurations of Linux 6.1, taken from its headers
/// by its own compiler.
@Suite struct KernelLayoutTests {
  @Test(arguments: LinuxConstants.all)
  func equalsLinux(_ linux: LinuxConstants) throws {
    let layout = try linux.layout()
    func check(_ name: String, _ value: UInt64) {
      guard let expected = linux.values[name] else { return }
      let texts = "\(name) \(String(value, radix: 16)), Linux \(String(expected, radix: 16))"
      #expect(value == expected, "\(linux.name) \(texts)")
    }
    check("PAGE_OFFSET", layout.pageOffset.rawValue)
    check("PAGE_END", layout.pageEnd.rawValue)
    check("MODULES_VADDR", layout.modulesStart.rawValue)
    check("MODULES_END", layout.modulesEnd.rawValue)
    check("KIMAGE_VADDR", layout.kernelImage.rawValue)
    check("VMALLOC_START", layout.vmallocStart.rawValue)
    check("VMALLOC_END", layout.vmallocEnd.rawValue)
    check("VMEMMAP_START", layout.vmemmapStart.rawValue)
    check("VMEMMAP_END", layout.vmemmapEnd.rawValue)
    check("VMEMMAP_SIZE", layout.vmemmapSize.rawValue)
    check("VMEMMAP_SHIFT", layout.vmemmapShift)
    check("PCI_IO_START", layout.pciStart.rawValue)
    check("PCI_IO_END", layout.pciEnd.rawValue)
    check("FIXADDR_START", layout.fixmapStart.rawValue)
    check("FIXADDR_TOP", layout.fixmapTop.rawValue)
    check("FIXADDR_SIZE", layout.fixmapSize.rawValue)
    check("TASK_SIZE_64", layout.taskSize.rawValue)
    check("STACK_TOP_MAX", layout.stackTop.rawValue)
    check("DEFAULT_MAP_WINDOW_64", layout.defaultMapWindow.rawValue)
    check("ELF_ET_DYN_BASE", layout.elfDynamicBase.rawValue)
    check("TASK_UNMAPPED_BASE", layout.taskUnmappedBase.rawValue)
    check("THREAD_SIZE", layout.threadSize.rawValue)
    check("THREAD_ALIGN", layout.threadAlignment.rawValue)
    check("IRQ_STACK_SIZE", layout.interruptStackSize.rawValue)
    check("OVERFLOW_STACK_SIZE", layout.overflowStackSize.rawValue)
    check("SEGMENT_ALIGN", layout.segmentAlignment.rawValue)
    check("SECTION_SIZE_BITS", layout.sectionSizeBits)
    check("MAX_ORDER", layout.maxOrder.rawValue)
    check("pageblock_order", layout.pageBlockOrder.rawValue)
    check("HPAGE_SHIFT", layout.hugePageShift)
    check("ARM64_MEMSTART_SHIFT", layout.memoryStartShift)
    check("KASAN_SHADOW_OFFSET", layout.shadowOffset.rawValue)
    if layout.hasShadow {
      check("KASAN_SHADOW_START", layout.shadowStart.rawValue)
      check("KASAN_SHADOW_END", layout.shadowEnd.rawValue)
    }
  }

  @Test(arguments: LinuxConstants.all)
  func geometryEqualsLinux(_ linux: LinuxConstants) throws {
    let geometry = try linux.geometry()
    func check(_ name: String, _ value: UInt64) {
      if let expected = linux.values[name] { #expect(value == expected, "\(linux.name) \(name)") }
    }
    check("CONFIG_PGTABLE_LEVELS", UInt64(geometry.levels))
    check("PTRS_PER_PTE", UInt64(geometry.entries(at: 3)))
    check("PGDIR_SHIFT", geometry.startShift)
    check("PTRS_PER_PGD", UInt64(geometry.entries(at: geometry.startLevel)))
    check("PMD_SHIFT", geometry.shift(at: 2))
    check("CONT_PTE_SIZE", geometry.contiguousCoverage(at: 3).rawValue)
    check("CONT_PMD_SIZE", geometry.contiguousCoverage(at: 2).rawValue)
  }

  /// `mmap_base` as the layout probes found it, with a stack of 8M and no randomisation, and its
  /// limits.
  @Test func mmapBase() throws {
    for linux in LinuxConstants.all where linux.values["TASK_SIZE_64"] != nil {
      let layout = try linux.layout()
      func base(_ limit: ByteCount) -> VirtualAddress {
        layout.mmapBase(stackLimit: limit, guardGap: layout.stackGuardGap)
      }
      #expect(base(.mebibytes(8)) == layout.stackTop - .mebibytes(128))
      let gap = layout.stackGuardGap
      #expect(base(.mebibytes(256)) == layout.stackTop - .mebibytes(256) - gap)
      #expect(base(ByteCount(.max)) == layout.taskUnmappedBase)
      let most = ByteCount(layout.stackTop.rawValue / 6 * 5)
      #expect(
        base(ByteCount(.max - 1)) == (layout.stackTop - most).alignedUp(to: layout.pageSize))
      #expect(base(ByteCount(1 << 60)) == base(ByteCount(.max - 1)))
    }
  }

  @Test func regionsAreDisjointAndFound() throws {
    for linux in LinuxConstants.all {
      let layout = try linux.layout()
      let ranges = KernelLayout.Region.allCases.compactMap { layout.range(of: $0) }
      for (lower, upper) in zip(ranges, ranges.dropFirst()) {
        #expect(lower.upperBound <= upper.lowerBound, "\(linux.name)")
      }
      for region in KernelLayout.Region.allCases {
        guard let range = layout.range(of: region) else { continue }
        #expect(layout.region(of: range.lowerBound) == region)
        #expect(layout.region(of: range.upperBound - ByteCount(1)) == region)
      }
      #expect(layout.region(of: VirtualAddress(.max)) == nil)
      #expect(layout.region(of: VirtualAddress(0)) == nil)
    }
  }

  @Test func linearMapBeginsAtAWholePiece() throws {
    let geometry = try #require(TranslationGeometry(pageSize: .fourKiB, vaBits: 48))
    let layout = KernelLayout(linux6_1: geometry)
    let start = layout.memoryStart(firstByte: PhysicalAddress(0x4020_0000))
    #expect(start == PhysicalAddress(0x4000_0000))
    #expect(
      layout.linearAddress(of: PhysicalAddress(0x4020_0000), memoryStart: start)
        == VirtualAddress(0xffff_0000_0020_0000))
    #expect(
      layout.frameAddress(of: PageFrameNumber(0x40001), memoryStart: start)
        == layout.vmemmapStart + ByteCount(64))
  }

  /// A 52-bit kernel on a machine with 48 bits keeps RAM in the part that is translated.
  @Test func linearMapOfA52BitKernelOn48Bits() throws {
    let geometry = try #require(TranslationGeometry(pageSize: .sixtyFourKiB, vaBits: 52))
    let layout = KernelLayout(linux6_1: geometry, actualVABits: 48)
    let start = layout.memoryStart(firstByte: PhysicalAddress(0x4000_0000))
    #expect(
      layout.linearAddress(of: PhysicalAddress(0x4000_0000), memoryStart: start)
        == VirtualAddress(0xffff_0000_0000_0000))
    #expect(layout.taskSize == VirtualAddress(1 << 48))
  }
}
