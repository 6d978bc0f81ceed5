import Arm64
import KernelHistory
import KernelLayout
import MemoryTypes
import Testing

/// The map is total, and of 6.1 the booting kernel's own.
@Suite struct AddressMapTests {
  /// Every region is as large as its generation says, so nothing overlaps; each border is found.
  @Test func everyKernelsMapIsTotal() throws {
    #expect(EveryConfiguration.all.count > 300)
    for configuration in EveryConfiguration.all {
      let map = try #require(AddressMap(configuration), "\(configuration)")
      let isTotal = map.checkInvariants()
      #expect(isTotal, "\(configuration)")
      let known: [(AddressMap.Kind, AddressRange?)] = [
        (.memory, map.kernel.memory), (.kasan, map.kernel.kasan), (.bpf, map.kernel.bpf),
        (.modules, map.kernel.modules), (.vmalloc, map.kernel.vmalloc),
        (.fixmap, map.kernel.fixmap), (.pciIO, map.kernel.pciIO), (.vmemmap, map.kernel.vmemmap),
      ]
      // Where vmemmap was reserved over the fixmap, it ends there.
      let isCrowded =
        configuration.pageSize == .sixteenKiB && configuration.vaBits == 36
        && configuration.version < KernelVersion(4, 6)
      for (kind, range) in known where !(isCrowded && kind == .vmemmap) {
        #expect(map.region(kind)?.range == range, "\(configuration)")
      }
      for (index, region) in map.regions.enumerated() {
        #expect(map.index(of: region.range.first) == index)
        #expect(map.index(of: region.range.last) == index)
      }
    }
  }

  @Test func linux6_1IsTheBootingKernelsLayout() throws {
    for configuration in EveryConfiguration.all
    where configuration.version == KernelVersion(6, 1) {
      let map = try #require(AddressMap(configuration))
      let geometry = try #require(configuration.geometry)
      let layout = KernelLayout(
        linux6_1: geometry, shadow: configuration.kasan.shadow,
        actualVABits: configuration.actualVABits)
      let pairs: [(KernelLayout.Region, AddressMap.Kind)] = [
        (.shadow, .kasan), (.modules, .modules), (.vmalloc, .vmalloc), (.fixmap, .fixmap),
        (.pciPorts, .pciIO), (.vmemmap, .vmemmap),
      ]
      for (region, kind) in pairs {
        let range = layout.range(of: region)
        #expect(map.region(kind)?.range.first == range?.lowerBound, "\(configuration) \(kind)")
        #expect(map.region(kind)?.range.end == range?.upperBound, "\(configuration) \(kind)")
      }
      #expect(map.region(.memory)?.range.end == layout.pageEnd)
    }
  }

  /// Any size of struct page that is accepted gives a total map or none.
  @Test func structPagesOfAnySize() throws {
    var maps = 0
    for configuration in EveryConfiguration.all where configuration.kasan != .hardwareTags {
      for size in [32, 56, 80, 176, 1024, 4096] as [UInt64] {
        let other = try LayoutConfiguration(
          version: configuration.version, pageSize: configuration.pageSize,
          vaBits: configuration.vaBits, actualVABits: configuration.actualVABits,
          kasan: configuration.kasan, structPageSize: size)
        guard let map = AddressMap(other) else { continue }
        maps += 1
        let isTotal = map.checkInvariants()
        #expect(isTotal, "\(other)")
        for region in map.regions { _ = map.decode(region.range.first) }
      }
    }
    #expect(maps > 1000)
  }

  @Test func ramIsWhatIsMappedOfIt() throws {
    let ram = PhysicalAddress(0x4020_0000)..<PhysicalAddress(0x1_4020_0000)
    for version in EveryConfiguration.versions {
      let configuration = try LayoutConfiguration(version: version, pageSize: .fourKiB, vaBits: 39)
      let map = try #require(AddressMap(configuration, ram: ram))
      #expect(map.checkInvariants())
      let memory = try #require(map.region(.memory)).range
      #expect(memory.sizeLessOne == 0xffff_ffff)
      #expect(map.physicalAddress(ofLinear: memory.first) == ram.lowerBound)
      #expect(map.linearAddress(of: ram.lowerBound) == memory.first)
      // Before 4.6 PAGE_OFFSET maps where the image is; then a multiple of 1G.
      let offset = memory.first - map.kernel.pageOffset
      #expect(offset == (version < KernelVersion(4, 6) ? .zero : .mebibytes(2)), "\(version)")
    }
  }

  @Test func aMachineOf48BitsHasTheUpperPartOfA52BitKernel() throws {
    for (version, pageSize, actual) in [
      (KernelVersion(5, 10), PageSize.sixtyFourKiB, 48), (KernelVersion(6, 1), .sixtyFourKiB, 48),
      (KernelVersion(6, 12), .sixteenKiB, 47), (KernelVersion(6, 12), .fourKiB, 48),
    ] as [(KernelVersion, PageSize, UInt64)] {
      let configuration = try LayoutConfiguration(
        version: version, pageSize: pageSize, vaBits: 52, actualVABits: actual)
      let map = try #require(AddressMap(configuration))
      let memory = try #require(map.region(.memory)).range
      #expect(memory.first == VirtualAddress(0 &- 1 << actual))
      #expect(map.region(.user)?.range.end == VirtualAddress(1 << actual))
      // RAM lies where it is translated, and its struct pages where vmemmap is.
      let start = PhysicalAddress(0x4000_0000)
      let linear = try #require(map.linearAddress(of: start))
      #expect(linear == memory.first)
      let frame = PageFrameNumber(containing: start, pageSize)
      let page = try #require(map.pageStructure(of: frame))
      #expect(map.frame(ofPageStructure: page) == (frame, .zero))
    }
  }

  /// What the dump of a real 6.1 kernel names, in its order.
  @Test func markersOf6_1() throws {
    let plain = try LayoutConfiguration(version: KernelVersion(6, 1), pageSize: .fourKiB)
    let map = try #require(AddressMap(plain))
    #expect(
      map.pageTableMarkers.map(\.name) == [
        "Linear Mapping start", "Linear Mapping end", "Modules start", "Modules end",
        "vmalloc() area", "vmalloc() end", "Fixmap start", "Fixmap end", "PCI I/O start",
        "PCI I/O end", "vmemmap start", "vmemmap end",
      ])
    #expect(map.pageTableMarkers[1].address == VirtualAddress(0xffff_8000_0000_0000))
    let early = try LayoutConfiguration(version: KernelVersion(4, 14), pageSize: .fourKiB)
    #expect(try #require(AddressMap(early)).pageTableMarkers.last?.name == "Linear Mapping")
    let newer = try LayoutConfiguration(version: KernelVersion(6, 12), pageSize: .fourKiB)
    let markers = try #require(AddressMap(newer)).pageTableMarkers
    #expect(markers.suffix(2).map(\.name) == ["Fixmap start", "Fixmap end"])
    #expect(markers.map(\.address) == markers.map(\.address).sorted())
  }

  @Test func whatAKernelDoesNotOfferIsRefused() {
    let refused: [(KernelVersion, PageSize, UInt64, UInt64?, KASANMode)] = [
      (KernelVersion(3, 10), .fourKiB, 39, nil, .none),
      (KernelVersion(4, 0), .sixteenKiB, 47, nil, .none),
      (KernelVersion(6, 1), .fourKiB, 52, nil, .none),
      (KernelVersion(6, 1), .fourKiB, 42, nil, .none),
      (KernelVersion(4, 14), .fourKiB, 48, nil, .softwareTags),
      (KernelVersion(5, 10), .fourKiB, 48, nil, .hardwareTags),
      (KernelVersion(4, 0), .fourKiB, 48, nil, .generic),
      (KernelVersion(6, 1), .sixteenKiB, 48, nil, .generic),
      (KernelVersion(6, 1), .fourKiB, 48, 39, .none),
      (KernelVersion(6, 12), .sixteenKiB, 52, 48, .none),
    ]
    for (version, pageSize, bits, actual, kasan) in refused {
      #expect(throws: LayoutError.self, "\(version) \(pageSize) \(bits) \(kasan)") {
        try LayoutConfiguration(
          version: version, pageSize: pageSize, vaBits: bits, actualVABits: actual, kasan: kasan)
      }
    }
  }

  @Test func versions() {
    #expect(KernelVersion(parsing: "6.1.192-memrec") == KernelVersion(6, 1))
    #expect(KernelVersion(parsing: "v4.8.0-rc8-dd") == KernelVersion(4, 8))
    #expect(KernelVersion(parsing: "5.10") == KernelVersion(5, 10))
    #expect(KernelVersion(parsing: "3.18+") == KernelVersion(3, 18))
    for text in [
      "", "6", "6.", ".1", "6.x", "6.1x", "a.b", "-1.2", "99999999999999999999.1", "6.+1",
    ] {
      #expect(KernelVersion(parsing: text) == nil, "\(text)")
    }
    #expect(KernelVersion(4, 9) < KernelVersion(4, 14))
  }
}
