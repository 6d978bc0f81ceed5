import HardwareModel

/// What a core needed for what it counted, in cycles, for people and for programs.
struct CycleTable {
  var cycles: CycleEstimate
  /// Programs' instructions and the kernel's.
  var instructions: (user: UInt64, kernel: UInt64)

  func lines(_ style: Style) -> [String] {
    var table = TextTable([.left] + Array(repeating: .right, count: 6))
    table.rows.append(["estimated cycles", "all", "base", "TLB", "walks", "caches", "each"])
    for (who, parts, count) in [
      ("program", cycles.user, instructions.user), ("kernel", cycles.kernel, instructions.kernel),
    ] where parts.total > 0 || count > 0 {
      let each = count == 0 ? 0 : UInt64((parts.total * 100 / Double(count)).rounded())
      table.rows.append(
        [who]
          + [parts.total, parts.base, parts.tlb, parts.walk, parts.cache].map { UInt64($0).grouped }
          + ["\(each / 100).\(each % 100 < 10 ? "0" : "")\(each % 100)"])
    }
    return table.headed(style)
  }

  var json: JSON { ["user": Self.json(cycles.user), "kernel": Self.json(cycles.kernel)] }

  private static func json(_ parts: CycleEstimate.Parts) -> JSON {
    [
      "all": .number(UInt64(parts.total)), "base": .number(UInt64(parts.base)),
      "tlb": .number(UInt64(parts.tlb)), "walks": .number(UInt64(parts.walk)),
      "caches": .number(UInt64(parts.cache)),
    ]
  }
}
