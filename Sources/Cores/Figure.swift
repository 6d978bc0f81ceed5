/// One figure of a core's file, and how it is known.
package struct Figure: Equatable, Sendable {
  /// Its place in the file: `tlb.l1_data.entries`.
  package var path: String
  /// As it is written.
  package var text: String
  package var basis: Basis
  package var note: String?
  /// Whether the model or the machine goes by it; the others are told for whoever compares.
  package var isUsed: Bool

  /// How a figure is known.
  package enum Basis: Equatable, Sendable {
    /// A document says so, at a place in it.
    case source(document: String, place: String)
    /// Nobody says so: why it was chosen.
    case assumed(String)
    /// The file does not say.
    case unstated
  }
}

/// Where figures come from.
package struct SourceDocument: Equatable, Sendable {
  package var id: String
  package var kind: Kind
  package var title: String
  package var number: String?
  package var revision: String?
  package var address: String?

  /// What a document is, the most trusted first.
  package enum Kind: String, CaseIterable, Sendable {
    /// Arm's technical reference manual.
    case manual
    /// The manual or device tree of who makes the chip, or Arm's own event descriptions.
    case vendor
    /// Sizes and ID registers that QEMU, LLVM, Linux and others copied from manuals.
    case code
    /// Quotations of manuals and of Arm's slides.
    case quoted
    /// Measurements, and registers read on the hardware or on QEMU.
    case measured
    /// Articles, encyclopaedias, lecture slides.
    case secondary
  }
}
