package import Arm64
import BoardFormat
package import MemoryTypes

/// What is known of the kernel in an image: how its tables are made, and where their roots are.
///
/// What the caller says counts; what he leaves open the image's VMCOREINFO says, and then the
/// symbols.
package struct ImagedKernel: Sendable {
  /// As the machine translates.
  package var geometry: TranslationGeometry
  /// The bits that the kernel was made for (CONFIG_ARM64_VA_BITS): 52 on a machine of 48, too.
  package var vaBits: UInt64
  package var upperRoot: PhysicalAddress?
  package var lowerRoot: PhysicalAddress?
  /// The kernel's version, as in VMCOREINFO's OSRELEASE.
  package var release: String?

  /// What the caller says.
  package struct Words: Sendable {
    package var pageSize: PageSize?
    package var vaBits: UInt64?
    package var actualVABits: UInt64?
    package var paBits: UInt64?
    /// The roots: addresses, or whole TTBR registers.
    package var upperRoot: UInt64?
    package var lowerRoot: UInt64?
    package var symbols: String?
    package var release: String?

    package init() {}
  }

  package init(_ image: any MemoryImage, _ words: Words) throws(ImageError) {
    let notes = image.notes
    let noted = notes?["PAGESIZE"].flatMap { UInt64($0) }
      .flatMap { PageSize(shift: UInt64($0.trailingZeroBitCount)) }
    let post =
      image is RawImage && words.upperRoot == nil && words.symbols == nil
      ? try KilburnRAM.signpost(image) : nil
    let posted = post.flatMap { PageSize(shift: $0.pageShift) }
    guard let pageSize = words.pageSize ?? noted ?? posted else {
      throw .usage("the page size is not in the image", hint: "name it with --page-size")
    }
    // TCR_EL1.T1SZ is what the machine really translates; VA_BITS what the kernel was made for.
    let translated = notes?.number("TCR_EL1_T1SZ").flatMap { $0 < 64 ? 64 - $0 : nil }
    let vaBits =
      words.vaBits ?? notes?.number("VA_BITS") ?? translated ?? post?.vaBits
      ?? (pageSize == .sixteenKiB ? 47 : 48)
    self.vaBits = vaBits
    let actualBits = words.actualVABits ?? (words.vaBits == nil ? translated : nil) ?? vaBits
    // A kernel made for 52 bits of physical address has them only where the machine does: with 64K
    // pages the upper ones are zero there, with others they are something else.
    let large = pageSize == .sixtyFourKiB || actualBits > 48
    let paBits =
      words.paBits ?? (large ? notes?.number("MAX_PHYSMEM_BITS") : nil)
      ?? (actualBits > 48 ? 52 : 48)
    let geometry = TranslationGeometry(
      pageSize: pageSize, vaBits: actualBits, hasLargeOutput: paBits == 52)
    guard let geometry, paBits == 48 || paBits == 52 else {
      throw .usage(
        "there are no tables for \(actualBits) bits of virtual and \(paBits) of physical address "
          + "with \(pageSize.bytes) pages", hint: "see --va-bits and --pa-bits")
    }
    self.geometry = geometry
    lowerRoot = words.lowerRoot.map { Self.root($0, geometry) }
    release = words.release ?? notes?["OSRELEASE"]
    upperRoot = words.upperRoot.map { Self.root($0, geometry) }
    if upperRoot == nil, let notes, let tables = notes.symbol("swapper_pg_dir"),
      let offset = notes.number("kimage_voffset")
    {
      upperRoot = Self.entered(PhysicalAddress(tables &- offset), geometry, vaBits)
    }
    if upperRoot == nil, let post { upperRoot = PhysicalAddress(post.root) }
    if upperRoot == nil, let symbols = words.symbols {
      upperRoot = try KernelSearch(
        image, geometry, SymbolMap(MappedFile(symbols)),
        rootOffset: Self.entered(PhysicalAddress(0), geometry, vaBits) - PhysicalAddress(0)
      ).root()
    }
  }

  /// Where a root of more bits than the machine translates is entered.
  ///
  /// With 64K pages 48 bits have the upper 64 of the 1024 entries of 52, and TTBR1 points to those
  /// (TTBR1_BADDR_4852_OFFSET).
  static func entered(
    _ root: PhysicalAddress, _ geometry: TranslationGeometry, _ vaBits: UInt64
  ) -> PhysicalAddress {
    guard
      let whole = TranslationGeometry(
        pageSize: geometry.pageSize, vaBits: vaBits, hasLargeOutput: vaBits > 48),
      whole.startLevel == geometry.startLevel
    else { return root }
    let entries = whole.entries(at: whole.startLevel) - geometry.entries(at: geometry.startLevel)
    return root + ByteCount(UInt64(entries) * 8)
  }

  /// The lowest address of the kernel half as the kernel sees it, and as the machine does.
  package var bottom: VirtualAddress { VirtualAddress(0 &- 1 << vaBits) }
  package var translatedBottom: VirtualAddress { VirtualAddress(0 &- 1 << geometry.vaBits) }

  /// The root that a TTBR names, or that is itself given (Arm ARM, TTBR1_EL1).
  ///
  /// A register has the ASID above bit 48 and CnP in bit 0; with 52-bit addresses, bits 5:2 are the
  /// upper four of the root's.
  static func root(_ value: UInt64, _ geometry: TranslationGeometry) -> PhysicalAddress {
    if geometry.hasLargeOutput {
      if value & 0x3c != 0 {
        return PhysicalAddress(value & 0x0000_ffff_ffff_ffc0 | (value & 0x3c) << 46)
      }
      if value >> 52 == 0 { return PhysicalAddress(value & ~1) }
    }
    return PhysicalAddress(value & 0x0000_ffff_ffff_fffe)
  }

  /// The regime that walks go by: any access flag is good, since nobody accesses anything.
  package var regime: TranslationRegime {
    TranslationRegime(
      geometry: geometry, lowerRoot: lowerRoot, upperRoot: upperRoot,
      hasHardwareAccessAndDirty: true)
  }
}
