import KernelHistory
import MemoryTypes

extension LayoutReport {
  /// The table, the drawing, the landmarks of the user half.
  package func text(_ style: Style) -> [String] {
    var lines = [style.heading(title), ""]
    var table = TextTable([.left, .left, .right, .left, .left])
    table.rows.append(["start", "last", "size", "region", ""])
    for row in rows {
      table.rows.append([
        digits(row.range.first.rawValue), digits(row.range.last.rawValue), row.range.sizeText,
        (row.isSection ? "  " : "") + row.name, row.note,
      ])
    }
    lines += table.lines()
    lines += ["", style.heading("drawn by the logarithm of the size"), ""]
    lines += drawing
    lines += ["", style.heading("the kernel half's landmarks"), ""]
    lines += Self.lines(map.kernelLandmarks)
    lines += ["", style.heading("the user half's landmarks, without randomisation"), ""]
    lines += Self.lines(map.userLandmarks)
    lines += [
      "",
      style.faint("Since \(generation.since): \(generation.summary)."),
      style.faint("Source: Linux \(generation.since), \(generation.source)."),
    ]
    if map.configuration.version > LayoutGenerations.newest {
      lines.append(
        style.faint("\(LayoutGenerations.newest) is the newest version that was read."))
    }
    return lines
  }

  private static func lines(_ landmarks: [Landmark]) -> [String] {
    var table = TextTable([.left, .left, .left])
    table.rows = landmarks.map { [digits($0.address.rawValue), $0.name, $0.note] }
    return table.lines()
  }

  /// The space from top to bottom, a box a region: a line for the smallest, one more for each eight
  /// powers of two.
  var drawing: [String] {
    let width = 30
    var lines: [String] = []
    func border(_ address: String, _ left: String, _ right: String) {
      lines.append("  " + address + " " + left + String(repeating: "─", count: width) + right)
    }
    for (index, region) in map.regions.reversed().enumerated() {
      let isFirst = index == 0
      border(digits(region.range.last.rawValue), isFirst ? "┌" : "├", isFirst ? "┐" : "┤")
      let rows = Self.weight(of: region.range)
      for row in 0..<rows {
        let inside =
          row == (rows - 1) / 2
          ? Self.centred(region.kind.rawValue, region.range.sizeText, width) : nil
        let fill = region.kind == .gap || region.kind == .nonCanonical ? "·" : " "
        lines.append(
          String(repeating: " ", count: 19) + "│"
            + (inside ?? String(repeating: fill, count: width)) + "│")
      }
    }
    border(digits(0), "└", "┘")
    return lines
  }

  /// The lines of a region's box.
  static func weight(of range: AddressRange) -> Int {
    max(1, (63 - range.sizeLessOne.leadingZeroBitCount - 20) / 8 + 1)
  }

  private static func centred(_ name: String, _ size: String, _ width: Int) -> String {
    let space = width - name.count - size.count - 2
    return " " + name + String(repeating: " ", count: max(1, space)) + size + " "
  }
}
