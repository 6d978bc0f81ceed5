import KernelHistory
package import MemoryTypes

extension DecodeReport {
  /// All that there is to say of an address.
  package func text(of address: VirtualAddress, _ style: Style) -> [String] {
    let decoded = map.decode(address)
    let range = decoded.region.range
    var facts: [(String, String)] = [
      (
        "half",
        decoded.half == .neither ? "neither: no tables translate it" : decoded.half.rawValue
      )
    ]
    if let tag = decoded.tag {
      facts.append(("tag", "0x\(String(tag, radix: 16)), of \(digits(decoded.plain.rawValue))"))
    }
    facts.append(
      (
        "region",
        "\(decoded.region.kind.rawValue), \(digits(range.first.rawValue)) - "
          + "\(digits(range.last.rawValue)), \(range.sizeText)"
      ))
    facts.append(("offset", "0x\(String(decoded.offset.rawValue, radix: 16)) into it"))
    if decoded.half != .neither {
      let indices = TableIndices(of: decoded.plain, in: geometry)
      let levels = indices.levels.map { "\($0.name) \($0.index)" }
      facts.append(
        (
          "tables",
          levels.joined(separator: ", ") + ", offset 0x\(String(indices.offset, radix: 16))"
        ))
    }
    if let (name, distance) = symbol(of: decoded.plain) {
      facts.append(("symbol", "\(name)+0x\(String(distance.rawValue, radix: 16))"))
    }
    let linked = decoded.plain - kernelOffset
    if let section = symbols?.sections.first(where: { $0.range.contains(linked) }) {
      facts.append(("section", "\(section.name), \(section.note)"))
    }
    facts += meaning(of: decoded)
    if let shadow = shadow(of: decoded) {
      facts.append(("shadow", "at \(digits(shadow.rawValue))"))
    }
    facts.append(("note", map.note(of: decoded.region)))
    var table = TextTable([.left, .left])
    table.rows = facts.map { [$0.0, $0.1] }
    return [style.heading(digits(address.rawValue))] + table.lines()
  }

  private func meaning(of decoded: DecodedAddress) -> [(String, String)] {
    var facts: [(String, String)] = []
    if case .pageStructure(_, let offset) = decoded.meaning {
      facts.append(("struct page", "0x\(String(offset.rawValue, radix: 16)) into it"))
    }
    if case .shadow(let of) = decoded.meaning {
      facts.append(("shadow of", "\(digits(of.first.rawValue)) - \(digits(of.last.rawValue))"))
    }
    guard let views = views(of: decoded) else { return facts }
    facts.append(
      (
        "physical",
        "0x\(String(views.physical.rawValue, radix: 16)), frame "
          + "0x\(String(views.frame.rawValue, radix: 16))"
      ))
    if let linear = views.linear { facts.append(("linear map", "at \(digits(linear.rawValue))")) }
    if let page = views.pageStructure {
      facts.append(("struct page", "at \(digits(page.rawValue))"))
    }
    return facts
  }
}
