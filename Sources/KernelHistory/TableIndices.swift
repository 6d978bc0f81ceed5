package import Arm64
package import MemoryTypes

/// The index of an address in the table of each level.
package struct TableIndices: Hashable, Sendable {
  /// One level: the architecture's number, Linux's name, and which descriptor.
  package struct Level: Hashable, Sendable {
    package var level: Int
    package var name: String
    package var index: Int
  }

  package var levels: [Level]
  /// The distance from the start of the page.
  package var offset: UInt64

  package init(of address: VirtualAddress, in geometry: TranslationGeometry) {
    levels = (geometry.startLevel...3).map { level in
      Level(
        level: level, name: Self.name(of: level, in: geometry),
        index: geometry.index(of: address, at: level))
    }
    offset = address.rawValue & geometry.pageSize.offsetMask
  }

  /// The first table is the PGD, whatever its level; the last are PTEs.
  private static func name(of level: Int, in geometry: TranslationGeometry) -> String {
    if level == geometry.startLevel { return "pgd" }
    return switch level {
    case 3: "pte"
    case 2: "pmd"
    case 1: "pud"
    default: "p4d"
    }
  }
}

extension LayoutConfiguration {
  /// The translation that the tables are made for.
  ///
  /// With 64K pages the first table keeps its 52-bit form on every machine; with smaller ones a
  /// machine without LPA2 has a level less.
  package var tableGeometry: TranslationGeometry? {
    pageSize == .sixtyFourKiB
      ? geometry
      : TranslationGeometry(
        pageSize: pageSize, vaBits: actualVABits, hasLargeOutput: actualVABits == 52)
  }
}
