package import HostInspection
import MemoryTypes

/// What there is to say of a machine's memory by its `/proc/meminfo`.
package struct MemoryReport: Sendable {
  package var info: MemInfo
  package var whereabouts: Whereabouts

  package init(_ info: MemInfo) {
    self.info = info
    whereabouts = Whereabouts(info)
  }

  /// The lines by what they are about, in the order of the groups, and of the text within one.
  var groups: [(group: MemInfoField.Group, lines: [MemInfo.Line])] {
    var lines: [MemInfoField.Group: [MemInfo.Line]] = [:]
    for line in info.lines {
      lines[MemInfoField.named(line.name)?.group ?? .other, default: []].append(line)
    }
    return MemInfoField.Group.allCases.compactMap { group in
      lines[group].map { (group, $0) }
    }
  }

  /// What a line means.
  static func meaning(_ name: String) -> String {
    MemInfoField.named(name)?.meaning ?? "a line that Linux up to 7.0 does not write"
  }
}
