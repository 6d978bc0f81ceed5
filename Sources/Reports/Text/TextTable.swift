/// Rows of cells, printed in columns that line up.
struct TextTable {
  /// Which way a column leans.
  enum Alignment {
    case left
    case right
  }

  var columns: [Alignment]
  var rows: [[String]] = []

  init(_ columns: [Alignment]) { self.columns = columns }

  /// The lines, without spaces at their ends.
  func lines(indent: Int = 2) -> [String] {
    var widths = [Int](repeating: 0, count: columns.count)
    for row in rows {
      for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return columns[column] == .left ? cell + space : space + cell
      }
      let line = String(repeating: " ", count: indent) + cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}

extension FixedWidthInteger {
  /// The number with its thousands apart: `1,234,567`.
  var grouped: String {
    var text = ""
    for (index, digit) in String(magnitude).reversed().enumerated() {
      if index > 0 && index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (self < 0 ? "-" : "") + String(text.reversed())
  }
}

extension String {
  /// The lines of this text folded at spaces to a width, the later ones indented.
  func folded(width: Int, indent: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ") {
      if !line.isEmpty && line.count + 1 + word.count > width {
        lines.append(line)
        line = String(repeating: " ", count: indent) + word
      } else {
        line += (line.isEmpty ? "" : " ") + word
      }
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
