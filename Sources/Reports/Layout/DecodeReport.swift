import Arm64
package import KernelHistory
package import MemoryTypes

/// What `kilburn decode` says of addresses of one kernel.
package struct DecodeReport: Sendable {
  package let map: AddressMap
  package let symbols: KernelSymbols?
  /// How far KASLR moved the image from where it was linked.
  package var kernelOffset = ByteCount.zero
  let geometry: TranslationGeometry
  /// The names of the regions, as bytes.
  let names: [AddressMap.Kind: [UInt8]]

  /// Nil where the kernel's tables are none that the architecture has.
  package init?(_ map: AddressMap, symbols: KernelSymbols? = nil) {
    guard let geometry = map.configuration.tableGeometry else { return nil }
    self.map = map
    self.symbols = symbols
    self.geometry = geometry
    names = .init(
      uniqueKeysWithValues: AddressMap.Kind.allCases.map { ($0, Array($0.rawValue.utf8)) })
  }

  /// The other views of a frame of RAM.
  struct Views {
    var physical: PhysicalAddress
    var frame: PageFrameNumber
    var linear: VirtualAddress?
    var pageStructure: VirtualAddress?
  }

  /// The frame that an address is in or tells of, if it is one that the map knows.
  func views(of decoded: DecodedAddress) -> Views? {
    let pageSize = map.configuration.pageSize
    switch decoded.meaning {
    case .memory(let physical):
      let frame = PageFrameNumber(containing: physical, pageSize)
      return Views(
        physical: physical, frame: frame, linear: nil, pageStructure: map.pageStructure(of: frame))
    case .pageStructure(let frame, _):
      let physical = frame.address(pageSize)
      return Views(
        physical: physical, frame: frame, linear: map.linearAddress(of: physical),
        pageStructure: nil)
    case .shadow, .none: return nil
    }
  }

  /// The symbol at or below an address of the image, and the distance from it.
  func symbol(of address: VirtualAddress) -> (name: String, offset: ByteCount)? {
    let linked = address - kernelOffset
    return symbols?.symbol(of: linked).map { ($0.name, linked - $0.address) }
  }

  /// Where the shadow of an address is; only the kernel's own have one.
  func shadow(of decoded: DecodedAddress) -> VirtualAddress? {
    decoded.half == .kernel ? map.shadow(of: decoded.plain) : nil
  }
}
