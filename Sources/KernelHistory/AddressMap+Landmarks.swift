import Arm64
package import KernelLayout
package import MemoryTypes

/// An address that has a name in the kernel's headers.
package struct Landmark: Hashable, Sendable {
  package var name: String
  package var address: VirtualAddress
  package var note: String

  init(_ name: String, _ address: VirtualAddress, _ note: String) {
    self.name = name
    self.address = address
    self.note = note
  }
}

extension AddressMap {
  /// The kernel half's named addresses, highest first.
  package var kernelLandmarks: [Landmark] {
    var all = [
      Landmark("PAGE_OFFSET", kernel.pageOffset, "what the linear map is counted from"),
      Landmark("_text", kernel.text, "where the image is linked to begin; KASLR moves it"),
      Landmark("VMEMMAP_START", kernel.vmemmapBase, "what struct pages are counted from"),
    ]
    if configuration.version >= KernelVersion(5, 4) {
      all.append(Landmark("PAGE_END", kernel.memory.end, "the end of the linear map"))
    }
    if configuration.version >= KernelVersion(4, 6) {
      all.append(Landmark("KIMAGE_VADDR", kernel.modules.end, "the image's first possible address"))
    }
    if let shadowOffset {
      all.append(
        Landmark(
          "KASAN_SHADOW_OFFSET", shadowOffset,
          "plus an address shifted right by \(configuration.kasan.shadowScale): its shadow"))
    }
    return all.sorted { $0.address > $1.address }
  }

  /// KASAN_SHADOW_OFFSET: the shadow of an address is this plus the address scaled down.
  package var shadowOffset: VirtualAddress? {
    kernel.kasan.map {
      $0.end - ByteCount(1 << (64 - configuration.kasan.shadowScale))
    }
  }

  /// The user half's named addresses, highest first, as they are without randomisation.
  package var userLandmarks: [Landmark] {
    guard let user else { return [] }
    let gap = PageCount(256).bytes(of: configuration.pageSize)
    let mmapBase = user.mmapBase(stackLimit: .mebibytes(8), guardGap: gap)
    let isSmaller =
      configuration.version >= KernelVersion(5, 2) && configuration.pageSize != .sixtyFourKiB
    let compat =
      VirtualAddress(1 << 32) - (isSmaller ? configuration.pageSize.bytes : .zero)
    return [
      Landmark("TASK_SIZE_64", user.taskSize, "the first address that no program has"),
      Landmark(
        "DEFAULT_MAP_WINDOW_64", user.mapWindow,
        "what mmap() stays under unless a hint asks for more"),
      Landmark("STACK_TOP_MAX", user.stackTop, "the stack grows down from here"),
      Landmark("mmap_base", mmapBase, "mappings are placed downwards, with a stack limit of 8M"),
      Landmark("ELF_ET_DYN_BASE", user.elfDynamicBase, "PIEs are loaded here, two thirds up"),
      Landmark(
        "TASK_UNMAPPED_BASE", user.taskUnmappedBase,
        "mappings are placed upwards, with an unlimited stack"),
      Landmark("TASK_SIZE_32", compat, "the first address that no 32-bit program has"),
    ]
  }

  /// A 64-bit program's layout.
  package var user: UserLayout? {
    let window = configuration.minimumVABits
    guard
      let geometry = TranslationGeometry(pageSize: configuration.pageSize, vaBits: window)
    else { return nil }
    var user = KernelLayout(linux6_1: geometry).user
    user.taskSize = VirtualAddress(1 << configuration.actualVABits)
    user.accessEnd = user.taskSize
    return user
  }
}
