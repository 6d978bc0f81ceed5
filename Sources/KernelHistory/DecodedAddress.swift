package import MemoryTypes

/// What an address is, of one kernel.
package struct DecodedAddress: Hashable, Sendable {
  /// The address as it was given, and without its tag.
  package var address: VirtualAddress
  package var plain: VirtualAddress
  /// The top byte, where it is one that the machine ignores and that says something.
  package var tag: UInt8?
  package var region: AddressMap.Region
  /// The distance from the region's first byte.
  package var offset: ByteCount
  package var meaning: Meaning

  /// What a region makes of an address.
  package enum Meaning: Hashable, Sendable {
    /// Nothing more than the region says.
    case none
    /// RAM, through the linear map.
    case memory(PhysicalAddress)
    /// A byte of the `struct page` of a frame.
    case pageStructure(of: PageFrameNumber, offset: ByteCount)
    /// Shadow of some bytes.
    case shadow(of: AddressRange)
  }

  /// Which half it is in; neither where no tables translate it.
  package var half: Half {
    switch region.kind {
    case .user: .user
    case .nonCanonical: .neither
    default: .kernel
    }
  }

  /// A half of the address space.
  package enum Half: String, Sendable {
    case user
    case kernel
    case neither = "none"
  }
}

extension AddressMap {
  /// What an address is; every one of the 2^64 is something.
  ///
  /// A program's top byte is ignored by the MMU (TCR.TBI0), the kernel's only where KASAN tags its
  /// pointers (TBI1); bit 55 tells the halves apart whatever the top byte says.
  package func decode(_ address: VirtualAddress) -> DecodedAddress {
    var plain = address
    var tag: UInt8?
    let isUpper = address.rawValue >> 55 & 1 == 1
    let top = UInt8(truncatingIfNeeded: address.rawValue >> 56)
    if top != (isUpper ? 0xff : 0) {
      let isIgnored =
        isUpper
        ? configuration.kasan == .softwareTags || configuration.kasan == .hardwareTags : true
      let canonical = VirtualAddress(
        UInt64(bitPattern: Int64(bitPattern: address.rawValue << 8) >> 8))
      if isIgnored, region(of: canonical).kind != .nonCanonical {
        plain = canonical
        tag = top
      }
    }
    let region = region(of: plain)
    return DecodedAddress(
      address: address, plain: plain, tag: tag, region: region, offset: plain - region.range.first,
      meaning: meaning(of: plain, in: region))
  }

  private func meaning(of address: VirtualAddress, in region: Region) -> DecodedAddress.Meaning {
    switch region.kind {
    case .memory: return .memory(physicalAddress(ofLinear: address))
    case .vmemmap:
      // A kernel of 52 bits has frames below those of this machine.
      let (frame, offset) = frame(ofPageStructure: address)
      return .pageStructure(of: frame, offset: offset)
    case .kasan: return addresses(ofShadow: address).map { .shadow(of: $0) } ?? .none
    case .gap where kernel.memory.contains(address):
      return .memory(physicalAddress(ofLinear: address))
    default: return .none
    }
  }
}
