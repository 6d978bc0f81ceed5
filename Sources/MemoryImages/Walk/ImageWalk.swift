package import Arm64
package import MemoryTypes

/// One address taken through the tables of an image, every level of the way.
package struct ImageWalk: Equatable, Sendable {
  package var address: VirtualAddress
  package var steps: [WalkStep]
  package var outcome: Outcome

  /// How it ended.
  package enum Outcome: Equatable, Sendable {
    case mapped(Translation.Mapping)
    /// As the MMU would report it.
    case fault(FaultStatus)
    /// The address has bits that belong to neither half, or its half has no root.
    case nowhere(String)
  }

  /// Walks as the MMU does, whatever the access flag says; throws where the image ends.
  package init(_ address: VirtualAddress, _ image: any MemoryImage, _ regime: TranslationRegime)
    throws(ImageError)
  {
    self.address = address
    steps = []
    let root = address.isKernelHalf ? regime.upperRoot : regime.lowerRoot
    guard regime.isInRange(address) else {
      outcome = .nowhere(
        "not canonical: in neither half of \(regime.geometry.vaBits) bits")
      return
    }
    guard root != nil else {
      outcome = .nowhere("no root is known: --\(address.isKernelHalf ? "ttbr1" : "ttbr0") names it")
      return
    }
    var steps: [WalkStep] = []
    var failure: ImageError?
    let translation = regime.walk(address) { place in
      do throws(ImageError) { return Descriptor(try image.word(at: place)) } catch {
        failure = error
        return nil
      }
    } eachStep: {
      steps.append($0)
    }
    self.steps = steps
    if let failure { throw Self.named(failure, steps, address, regime) }
    switch translation {
    case .mapped(let mapping): outcome = .mapped(mapping)
    case .fault(let status): outcome = .fault(status)
    }
  }

  /// A missing table as the tables' own error: which descriptor sent the walk there.
  private static func named(
    _ error: ImageError, _ steps: [WalkStep], _ address: VirtualAddress,
    _ regime: TranslationRegime
  ) -> ImageError {
    guard case .absent = error else { return error }
    guard let last = steps.last else {
      let root = (address.isKernelHalf ? regime.upperRoot : regime.lowerRoot) ?? PhysicalAddress(0)
      return .wildRoot(
        root, size: UInt64(regime.geometry.entries(at: regime.geometry.startLevel)) * 8)
    }
    return .wildTable(
      last.descriptor.output(in: regime.geometry), level: last.level + 1,
      from: last.table + ByteCount(UInt64(last.index) * 8), at: address)
  }
}

extension Descriptor.Attributes {
  /// The attributes of a page or block by Linux's names, PTE_ left off, and the type of memory.
  package func names(in geometry: TranslationGeometry) -> [String] {
    var names: [String] = []
    let words: [(Self, String)] = [
      (.valid, "VALID"), (.protNone, "PROT_NONE"), (.user, "USER"), (.readOnly, "RDONLY"),
      (.accessed, "AF"), (.notGlobal, "NG"), (.guarded, "GP"), (.writable, "WRITE"),
      (.contiguous, "CONT"), (.privilegedExecuteNever, "PXN"), (.userExecuteNever, "UXN"),
      (.softwareDirty, "DIRTY"), (.special, "SPECIAL"), (.deviceMemory, "DEVMAP"),
    ]
    for (attribute, word) in words where contains(attribute) { names.append(word) }
    // With 52-bit addresses on 4K and 16K pages the field holds address bits.
    if !(geometry.hasLargeOutput && geometry.pageSize != .sixtyFourKiB) {
      switch shareability {
      case 3: names.append("SHARED")
      case 2: names.append("OUTER")
      case 1: names.append("SH=1")
      default: break
      }
    }
    let types = ["NORMAL", "NORMAL_TAGGED", "NORMAL_NC", "DEVICE_nGnRnE", "DEVICE_nGnRE"]
    names.append(
      memoryTypeIndex < types.count ? types[memoryTypeIndex] : "ATTRINDX=\(memoryTypeIndex)")
    return names
  }
}

extension Descriptor.TableAttributes {
  /// What a table descriptor forbids below it, by Linux's names.
  package var names: [String] {
    let words: [(Self, String)] = [
      (.privilegedExecuteNever, "TABLE_PXN"), (.userExecuteNever, "TABLE_UXN"),
      (.noUserAccess, "TABLE_NOUSER"), (.readOnly, "TABLE_RDONLY"),
    ]
    return words.compactMap { contains($0.0) ? $0.1 : nil }
  }
}
