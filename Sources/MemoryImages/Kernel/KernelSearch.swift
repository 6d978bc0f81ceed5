package import Arm64
package import MemoryTypes

/// Where a kernel of known symbols lies in an image, and so its root.
///
/// The kernel is loaded somewhere on a 64K boundary; its root is as far from its beginning there as
/// the symbols say. A place is right if the tables that would then be the kernel's map its text to
/// that very place. Nothing else is asked, so that it works on any version.
package struct KernelSearch {
  let image: any MemoryImage
  let geometry: TranslationGeometry
  let symbols: SymbolMap

  /// How far behind `swapper_pg_dir` the machine begins.
  let rootOffset: ByteCount

  package init(
    _ image: any MemoryImage, _ geometry: TranslationGeometry, _ symbols: SymbolMap,
    rootOffset: ByteCount
  ) {
    self.rootOffset = rootOffset
    self.image = image
    self.geometry = geometry
    self.symbols = symbols
  }

  /// The kernel's root.
  package func root() throws(ImageError) -> PhysicalAddress {
    guard let start = symbols["_text"], let text = symbols["_stext"],
      let tables = symbols["swapper_pg_dir"], let end = symbols["_etext"],
      start <= text, text < end, start <= tables
    else {
      throw .notFound(
        "the symbols lack _text, _stext, _etext or swapper_pg_dir",
        hint: "name the root with --ttbr1")
    }
    // Boot loaders use multiples of 2M where they can, so those are tried first.
    for step: UInt64 in [1 << 21, 1 << 16] {
      for range in image.ranges {
        var at = range.lowerBound.alignedUp(to: ByteCount(step))
        while at < range.upperBound {
          let root = at + ByteCount(tables - start) + rootOffset
          if maps(text, to: at + ByteCount(text - start), root)
            && maps(end - 1, to: at + ByteCount(end - 1 - start), root)
          {
            return root
          }
          let next = at + ByteCount(step)
          if next < at { break }
          at = next
        }
      }
    }
    throw .notFound(
      "no kernel of these symbols was found in the image",
      hint: "with address randomisation, or other symbols, name the root with --ttbr1")
  }

  private func maps(_ address: UInt64, to place: PhysicalAddress, _ root: PhysicalAddress) -> Bool {
    let regime = TranslationRegime(
      geometry: geometry, upperRoot: root, hasHardwareAccessAndDirty: true)
    let translation = regime.walk(VirtualAddress(address)) { at in
      do throws(ImageError) { return Descriptor(try image.word(at: at)) } catch { return nil }
    } eachStep: { _ in
    }
    guard case .mapped(let mapping) = translation else { return false }
    return mapping.address == place
  }
}
