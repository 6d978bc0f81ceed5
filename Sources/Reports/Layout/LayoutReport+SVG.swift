import KernelHistory
import MemoryTypes

extension LayoutReport {
  /// The space from top to bottom as a picture: heights by the logarithm of the sizes, the image's
  /// sections beside their region.
  package var svg: String {
    let (left, width, unit) = (170, 320, 22)
    var y = 60
    var shapes = ""
    func text(_ x: Int, _ y: Int, _ text: String, _ kind: String) {
      shapes += "<text x=\"\(x)\" y=\"\(y)\" class=\"\(kind)\">\(Self.escaped(text))</text>\n"
    }
    for row in rows where !row.isSection {
      let height = unit * Self.weight(of: row.range)
      shapes +=
        "<rect x=\"\(left)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\""
        + " fill=\"\(Self.colour(of: row.name))\"><title>\(Self.escaped(row.note))</title></rect>\n"
      text(left - 10, y + 11, digits(row.range.last.rawValue), "address")
      text(left + 10, y + height / 2 + 5, row.name, "name")
      text(left + width - 10, y + height / 2 + 5, row.range.sizeText, "size")
      text(left + width + 14, y + height / 2 + 5, row.note, "note")
      y += height
    }
    text(left - 10, y + 4, digits(0), "address")
    for section in rows where section.isSection {
      y += unit
      text(
        left, y + unit,
        "\(digits(section.range.first.rawValue)) - \(digits(section.range.last.rawValue))"
          + "  \(section.name)  \(section.range.sizeText)", "section")
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="1100" height="\(y + 60)">
      <style>
      text { font-family: monospace; font-size: 12px; fill: #222 }
      .title { font-size: 16px; font-weight: bold }
      .address, .size { text-anchor: end }
      .name { font-weight: bold }
      rect { stroke: #444; stroke-width: 1 }
      </style>
      <rect x="0" y="0" width="1100" height="\(y + 60)" fill="#fff" stroke="none"/>
      <text x="20" y="32" class="title">\(Self.escaped(title))</text>
      \(shapes)</svg>

      """
  }

  private static func colour(of name: String) -> String {
    switch AddressMap.Kind(rawValue: name) {
    case .user: "#cfe8cf"
    case .memory: "#cfdcf2"
    case .vmalloc: "#f5e3b8"
    case .modules, .bpf: "#f2cfcf"
    case .vmemmap: "#d9d0ee"
    case .kasan: "#e9c8e4"
    case .fixmap, .pciIO: "#cdeaea"
    default: "#eeeeee"
    }
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
