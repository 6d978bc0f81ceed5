import MemoryTypes

extension PageTableDump.Line {
  /// The line as `kernel_page_tables` has it; `levels` is the number of tables on the way to a page.
  package func text(levels: Int) -> String {
    switch self {
    case .marker(let name): return "---[ \(name) ]---"
    case .range(let start, let end, let level, let attributes):
      let (size, unit) = Self.size(from: start, to: end)
      let number = String(size)
      let space = String(repeating: " ", count: max(0, 9 - number.count))
      return "\(padded(start))-\(padded(end))   \(space)\(number)\(unit) "
        + Self.name(level: level, levels: levels)
        + (attributes == 0 ? "" : PageTableBits.text(attributes))
    }
  }

  /// A level's name; a level that is folded into the root has the root's (ptdump.c:pg_level).
  package static func name(level: Int, levels: Int) -> String {
    switch level {
    case 0: "PGD"
    case 1: "P4D"
    case 2: levels > 3 ? "PUD" : "PGD"
    case 3: levels > 2 ? "PMD" : "PGD"
    default: "PTE"
    }
  }

  /// The size in the largest unit that leaves no remainder, at least K.
  private static func size(from start: VirtualAddress, to end: VirtualAddress)
    -> (UInt64, Character)
  {
    var size = (end - start).rawValue >> 10
    var units = Substring("KMGTPE")
    while size & 1023 == 0, units.count > 1 {
      size >>= 10
      units.removeFirst()
    }
    return (size, units.first ?? "K")
  }

  private func padded(_ address: VirtualAddress) -> String {
    let digits = String(address.rawValue, radix: 16)
    return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
  }
}
