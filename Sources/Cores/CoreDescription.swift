package import HardwareModel
package import MemoryTypes

/// A core as its file describes it: its memory hardware, what it can do, and the CPU under it.
///
/// One file says everything (Documentation/CoreFiles.md): the geometry and the latencies that the
/// model goes by, the features that decide which machine can be built, the argument of QEMU's
/// `-cpu`, what of that CPU the core does not have and is hidden, and for each figure how it is
/// known.
package struct CoreDescription: Equatable, Sendable {
  package var name: String
  package var title: String
  package var architecture: Architecture
  package var emulator: EmulatorCPU
  /// Its TLBs, caches and latencies; nil where the file does not describe them.
  package var hardware: Hardware?
  /// Every figure of the file, in its order.
  package var figures: [Figure]
  package var documents: [SourceDocument]

  /// What the architecture leaves to a core.
  package struct Architecture: Equatable, Sendable {
    /// The page sizes that its MMU translates.
    package var pageSizes: [PageSize]
    /// The bits of a physical address.
    package var physicalBits: UInt64
    /// Whether it sets access flags and dirty state by itself (FEAT_HAFDBS).
    package var hasHardwareAccessAndDirty: Bool
    /// Whether 32-bit programs run on it.
    package var hasAArch32: Bool
    /// Whether it has 52-bit virtual addresses (FEAT_LVA, FEAT_LPA2).
    package var hasLargeAddresses: Bool
  }

  /// The memory hardware, as the model wants it.
  package struct Hardware: Equatable, Sendable {
    package var geometry: CoreGeometry
    package var latencies: CoreLatencies
  }

  /// What QEMU runs in its place.
  package struct EmulatorCPU: Equatable, Sendable {
    /// The argument of `-cpu`.
    package var argument: String
    /// How well it stands for the core.
    package var fit: String
    /// What it has and the core does not.
    package var hides: [HiddenFeature]
    /// What the core has and it does not, or not here.
    package var lacks: [String]
  }

  /// A document that a figure names.
  package func document(_ id: String) -> SourceDocument? { documents.first { $0.id == id } }
}

/// What an emulated CPU has that the core does not, and how it is kept away.
package enum HiddenFeature: String, CaseIterable, Sendable {
  case fourKiBPages = "4K"
  case sixteenKiBPages = "16K"
  case sixtyFourKiBPages = "64K"
  case hardwareAccessAndDirty = "hw-access-dirty"
  case largeAddresses = "52-bit"
  case aarch32
  case branchTargets = "bti"
  case longASIDs = "16-bit-asids"
  case later

  /// How it is hidden.
  package var how: String {
    switch self {
    case .fourKiBPages, .sixteenKiBPages, .sixtyFourKiBPages: "\(rawValue) pages are refused"
    case .hardwareAccessAndDirty: "never switched on, --hw-afdbm on is refused"
    case .largeAddresses: "--va-bits 52 is refused"
    case .aarch32: "a 32-bit program is refused; what a program executes later is not"
    case .branchTargets: "never switched on: no page is guarded"
    case .longASIDs: "told, not hidden: 16 bits are used"
    case .later: "told, not hidden: features of later architectures are seen by programs that ask"
    }
  }
}
