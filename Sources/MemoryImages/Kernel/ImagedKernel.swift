package import Arm64
package import MemoryTypes

/// What is known of the kernel in an image: how its tables are made, and where their roots are.
///
/// What the caller says counts; what he leaves open the image's VMCOREINFO says, and then the
/// symbols.
package struct ImagedKernel: Sendable {
  package var geometry: TranslationGeometry
  package var upperRoot: PhysicalAddress?
  package var lowerRoot: PhysicalAddress?
  /// The kernel's version, as in VMCOREINFO's OSRELEASE.
  package var release: String?

  /// What the caller says.
  package struct Words: Sendable {
    package var pageSize: PageSize?
    package var vaBits: UInt64?
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
    guard let pageSize = words.pageSize ?? noted else {
      throw .usage("the page size is not in the image", hint: "name it with --page-size")
    }
    // TCR_EL1.T1SZ is what the machine really translates; VA_BITS what the kernel was made for.
    let translated = notes?.number("TCR_EL1_T1SZ").flatMap { $0 < 64 ? 64 - $0 : nil }
    let vaBits =
      words.vaBits ?? translated ?? notes?.number("VA_BITS")
      ?? (pageSize == .sixteenKiB ? 47 : 48)
    let paBits =
      words.paBits ?? notes?.number("MAX_PHYSMEM_BITS") ?? (vaBits > 48 ? 52 : 48)
    let geometry = TranslationGeometry(
      pageSize: pageSize, vaBits: vaBits, hasLargeOutput: paBits == 52)
    guard let geometry, paBits == 48 || paBits == 52 else {
      throw .usage(
        "there are no tables for \(vaBits) bits of virtual and \(paBits) of physical address "
          + "with \(pageSize.bytes) pages", hint: "see --va-bits and --pa-bits")
    }
    self.geometry = geometry
    lowerRoot = words.lowerRoot.map { Self.root($0, geometry) }
    release = words.release ?? notes?["OSRELEASE"]
    upperRoot = words.upperRoot.map { Self.root($0, geometry) }
    if upperRoot == nil, let notes, let tables = notes.symbol("swapper_pg_dir"),
      let offset = notes.number("kimage_voffset")
    {
      upperRoot = PhysicalAddress(tables &- offset)
    }
    if upperRoot == nil, let symbols = words.symbols {
      upperRoot = try KernelSearch(image, geometry, SymbolMap(MappedFile(symbols))).root()
    }
  }

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
