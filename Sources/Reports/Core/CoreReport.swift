package import Cores
import HardwareModel
import Machine
import MemoryTypes

/// What there is to say of a core: each figure of its file, and how it is known.
package struct CoreReport {
  package var core: CoreDescription

  package init(_ core: CoreDescription) { self.core = core }

  /// How many figures have a source, and how many are assumed or do not say.
  var known: (sourced: Int, others: Int) {
    let sourced = core.figures.count { figure in
      if case .source = figure.basis { true } else { false }
    }
    return (sourced, core.figures.count - sourced)
  }

  /// The word for how a figure is known: what kind of document says so, or `assumed`.
  func basis(_ figure: Figure) -> String {
    switch figure.basis {
    case .source(let id, _): core.document(id)?.kind.rawValue ?? id
    case .assumed: "assumed"
    case .unstated: "not said"
    }
  }

  /// The cores that a person can choose, in one table.
  package static func list(_ cores: [CoreDescription], _ style: Style) -> [String] {
    var table = TextTable(
      [.left, .left, .left, .left, .left, .left, .right, .left])
    table.rows.append([
      "name", "pages", "L1 TLBs", "L2 TLB", "L1I L1D", "L2, last level", "known", "",
    ])
    for core in cores {
      let known = Self(core).known
      table.rows.append(
        [core.name, core.architecture.pageSizes.map(\.text).joined(separator: " ")]
          + shape(core) + ["\(known.sourced)/\(known.sourced + known.others)", core.title])
    }
    var lines = table.lines()
    lines[0] = style.faint(lines[0])
    return lines
      + [
        "",
        "known: how many of a core's figures have a source; the others are assumed. "
          + "'kilburn core NAME' shows each.",
      ]
  }

  private static func shape(_ core: CoreDescription) -> [String] {
    guard let geometry = core.hardware?.geometry else { return ["-", "-", "-", "-"] }
    func size(_ bytes: Int?) -> String { bytes.map { ByteCount(UInt64($0)).description } ?? "-" }
    return [
      "\(geometry.instructionTLB.entries) \(geometry.dataTLB.entries)",
      geometry.sharedTLB.map { "\($0.entries)×\($0.ways)" } ?? "-",
      "\(size(geometry.instructionCache.bytes)) \(size(geometry.dataCache.bytes))",
      "\(size(geometry.secondCache?.bytes)) \(size(geometry.lastCache?.bytes))",
    ]
  }
}
