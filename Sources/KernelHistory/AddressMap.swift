package import MemoryTypes

/// All 2^64 addresses of one kernel, without a hole: what each of them is.
///
/// ```
/// 0                  user              2^bits of user space
///                    non-canonical     between the halves: no translation exists
/// -2^bits            …                 the kernel's regions, and the gaps between them
/// ```
///
/// The regions are in ascending order, the first begins at 0, each begins where the one before it
/// ended, and the last ends at the last address: ``region(of:)`` has an answer for every address.
package struct AddressMap: Sendable {
  package let configuration: LayoutConfiguration
  package let kernel: KernelRegions
  package let regions: [Region]
  /// Where RAM is, if it was said; else the linear map stands for it as a whole.
  package let ram: Range<PhysicalAddress>?
  /// PHYS_OFFSET (`memstart_addr`): what PAGE_OFFSET maps.
  package let memoryStart: PhysicalAddress

  /// One region.
  package struct Region: Hashable, Sendable {
    package var kind: Kind
    package var range: AddressRange
  }

  /// What a region is for; the raw value is its name.
  package enum Kind: String, CaseIterable, Sendable {
    case user
    case nonCanonical = "non-canonical"
    case memory
    case kasan
    case bpf
    case modules
    case vmalloc
    case fixmap
    case pciIO = "PCI I/O"
    case vmemmap
    case gap
  }

  /// The map of a kernel; nil where its regions would not fit, which only an uncommon size of
  /// `struct page` can bring about.
  ///
  /// With `ram`, from its first byte to behind its last, `memory` is only what is mapped of it;
  /// without, RAM begins at 1G, as on QEMU's `virt`. `memoryStart` is for a kernel that said its own.
  package init?(
    _ configuration: LayoutConfiguration, ram: Range<PhysicalAddress>? = nil,
    memoryStart: PhysicalAddress? = nil
  ) {
    let generation = LayoutGenerations.generation(of: configuration.version)
    guard let kernel = generation.regions(of: configuration) else { return nil }
    self.configuration = configuration
    self.kernel = kernel
    self.ram = ram
    let start =
      memoryStart
      ?? configuration.memoryStart(firstByte: ram?.lowerBound ?? PhysicalAddress(0x4000_0000))
    self.memoryStart = start
    var memory = kernel.memory
    if let ram, !ram.isEmpty {
      let offset = kernel.pageOffset.rawValue &- start.rawValue
      let first = VirtualAddress(ram.lowerBound.rawValue &+ offset)
      let last = VirtualAddress(ram.upperBound.rawValue &- 1 &+ offset)
      // What is beyond the linear map is not mapped (memblock_remove()).
      if memory.contains(first) {
        memory = AddressRange(
          first: first, last: memory.contains(last) && first <= last ? last : memory.last)
      }
    }
    let user = AddressRange(
      VirtualAddress(0), size: ByteCount(1 << configuration.actualVABits))
    let bottom = KernelRegions.top(configuration.actualKernelBits)
    var known: [Region] = [
      Region(kind: .user, range: user),
      Region(kind: .nonCanonical, range: AddressRange(user.end, upTo: bottom)),
      Region(kind: .memory, range: memory),
      Region(kind: .modules, range: kernel.modules),
      Region(kind: .vmalloc, range: kernel.vmalloc),
      Region(kind: .fixmap, range: kernel.fixmap),
      Region(kind: .pciIO, range: kernel.pciIO),
      Region(kind: .vmemmap, range: kernel.vmemmap),
    ]
    if let kasan = kernel.kasan { known.append(Region(kind: .kasan, range: kasan)) }
    if let bpf = kernel.bpf { known.append(Region(kind: .bpf, range: bpf)) }
    // A struct page of kilobytes would leave no room for the rest.
    guard known.allSatisfy({ $0.range.first <= $0.range.last }) else { return nil }
    regions = Self.filled(known.sorted { $0.range.first < $1.range.first })
    guard checkInvariants() else { return nil }
  }

  /// The regions with the gaps between them.
  ///
  /// With 16K pages and 36 bits, 4.4 and 4.5 reserved more of vmemmap than there was room for: it
  /// reaches over the fixmap, but its end serves no RAM. The upper region is the one that is there.
  private static func filled(_ sorted: [Region]) -> [Region] {
    var all: [Region] = []
    var next = VirtualAddress(0)
    for (place, known) in sorted.enumerated() {
      var region = known
      if place + 1 < sorted.count, region.range.last >= sorted[place + 1].range.first {
        region.range.last = sorted[place + 1].range.first - ByteCount(1)
      }
      if region.range.first > next {
        all.append(Region(kind: .gap, range: AddressRange(next, upTo: region.range.first)))
      }
      all.append(region)
      next = region.range.end
    }
    if next != VirtualAddress(0) {
      all.append(Region(kind: .gap, range: AddressRange(next, upTo: VirtualAddress(0))))
    }
    return all
  }

  /// The place among ``regions`` of the one that holds an address.
  package func index(of address: VirtualAddress) -> Int {
    var (low, high) = (0, regions.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if regions[middle].range.first <= address { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// The region that holds an address.
  package func region(of address: VirtualAddress) -> Region { regions[index(of: address)] }

  /// The only region of a kind; nil for a gap, and for what this kernel does not have.
  package func region(_ kind: Kind) -> Region? {
    kind == .gap ? nil : regions.first { $0.kind == kind }
  }

  /// Whether nothing of the known regions overlaps, and every address is covered.
  package func checkInvariants() -> Bool {
    var next: VirtualAddress? = VirtualAddress(0)
    for region in regions {
      guard region.range.first == next, region.range.first <= region.range.last else {
        return false
      }
      next = region.range.last == VirtualAddress(.max) ? nil : region.range.end
    }
    return next == nil
  }
}

extension LayoutConfiguration {
  /// `memstart_addr` for the first byte of RAM (mm/init.c:arm64_memblock_init).
  ///
  /// Before 4.6 it is where the image was loaded, 2M-aligned; then a multiple of what the linear
  /// map is made of: 1G, from 5.12 on 512M with 64K pages.
  func memoryStart(firstByte: PhysicalAddress) -> PhysicalAddress {
    let alignment: ByteCount =
      version < KernelVersion(4, 6)
      ? .mebibytes(2)
      : pageSize == .sixtyFourKiB && version >= KernelVersion(5, 12)
        ? .mebibytes(512) : .gibibytes(1)
    // A kernel of 52 bits on a machine with fewer moves RAM up into what is translated.
    return firstByte.alignedDown(to: alignment)
      - (KernelRegions.top(actualKernelBits) - KernelRegions.top(kernelBits))
  }
}
