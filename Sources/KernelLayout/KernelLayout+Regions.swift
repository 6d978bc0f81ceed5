public import MemoryTypes

/// The regions of the kernel half, by Linux's names in the summaries.
extension KernelLayout {
  /// PAGE_OFFSET: where the linear map begins.
  @inlinable public var pageOffset: VirtualAddress { Self.top(vaBits) }

  /// PAGE_END: where the linear map ends; the shadow is taken from its upper part.
  @inlinable public var pageEnd: VirtualAddress {
    hasShadow
      ? shadowEnd - ByteCount(1 &<< (actualVABits &- shadowScaleShift))
      : Self.top(minimumVABits &- 1)
  }

  /// KASAN_SHADOW_SCALE_SHIFT; generic KASAN's where there is no shadow.
  @inlinable public var shadowScaleShift: UInt64 {
    hasShadow ? shadow.rawValue : Shadow.generic.rawValue
  }

  /// KASAN_SHADOW_OFFSET: the shadow of an address is this plus the address scaled down.
  @inlinable public var shadowOffset: VirtualAddress {
    shadowEnd - ByteCount(1 &<< (64 &- shadowScaleShift))
  }

  /// KASAN_SHADOW_START and KASAN_SHADOW_END.
  @inlinable public var shadowStart: VirtualAddress {
    shadowEnd - ByteCount(1 &<< (actualVABits &- shadowScaleShift))
  }
  @inlinable public var shadowEnd: VirtualAddress { modulesStart }

  /// MODULES_VADDR and MODULES_END.
  @inlinable public var modulesStart: VirtualAddress { Self.top(minimumVABits &- 1) }
  @inlinable public var modulesEnd: VirtualAddress { modulesStart + .mebibytes(128) }

  /// KIMAGE_VADDR: the kernel image.
  @inlinable public var kernelImage: VirtualAddress { modulesEnd }

  /// VMALLOC_START and VMALLOC_END.
  @inlinable public var vmallocStart: VirtualAddress { modulesEnd }
  @inlinable public var vmallocEnd: VirtualAddress { vmemmapStart - .mebibytes(256) }

  /// FIXADDR_START, FIXADDR_TOP and FIXADDR_SIZE.
  @inlinable public var fixmapStart: VirtualAddress { fixmapTop - fixmapSize }
  @inlinable public var fixmapTop: VirtualAddress { vmemmapStart - .mebibytes(32) }
  @inlinable public var fixmapSize: ByteCount {
    permanentFixmapSlots.bytes(of: pageSize)
  }

  /// The permanent slots of `enum fixed_addresses`: a hole at the top, the device tree with twice
  /// its greatest size of 2 MiB, the early console, one for patching text.
  @inlinable var permanentFixmapSlots: PageCount {
    PageCount(1) + ByteCount.mebibytes(4).wholePages(of: pageSize) + PageCount(2)
  }

  /// PCI_IO_START and PCI_IO_END.
  @inlinable public var pciStart: VirtualAddress { pciEnd - .mebibytes(16) }
  @inlinable public var pciEnd: VirtualAddress { vmemmapStart - .mebibytes(8) }

  /// VMEMMAP_SHIFT: a page of RAM takes `sizeof(struct page)`, 64 bytes, of vmemmap.
  @inlinable public var vmemmapShift: UInt64 { pageSize.shift &- 6 }

  /// VMEMMAP_START, VMEMMAP_END and VMEMMAP_SIZE.
  @inlinable public var vmemmapStart: VirtualAddress { Self.top(vaBits &- vmemmapShift) }
  @inlinable public var vmemmapEnd: VirtualAddress { vmemmapStart + vmemmapSize }
  @inlinable public var vmemmapSize: ByteCount {
    ByteCount((Self.top(minimumVABits &- 1) - pageOffset).rawValue &>> vmemmapShift)
  }
}

extension KernelLayout {
  /// The regions, lowest first (the kernel image is inside vmalloc).
  public enum Region: UInt8, CaseIterable, Sendable {
    case linearMap, shadow, modules, vmalloc, fixmap, pciPorts, vmemmap
  }

  /// What a region covers; nil for the shadow of a kernel without one.
  public func range(of region: Region) -> Range<VirtualAddress>? {
    switch region {
    case .linearMap: pageOffset..<pageEnd
    case .shadow: hasShadow ? shadowStart..<shadowEnd : nil
    case .modules: modulesStart..<modulesEnd
    case .vmalloc: vmallocStart..<vmallocEnd
    case .fixmap: fixmapStart..<fixmapTop
    case .pciPorts: pciStart..<pciEnd
    case .vmemmap: vmemmapStart..<vmemmapEnd
    }
  }

  /// The region of an address, nil between regions.
  public func region(of address: VirtualAddress) -> Region? {
    for code in 0..<UInt8(7) {
      if let region = Region(rawValue: code), let range = range(of: region),
        range.contains(address)
      {
        return region
      }
    }
    return nil
  }
}
