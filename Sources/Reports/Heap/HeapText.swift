package import HeapInspection
import MemoryImages

/// A heap's report as text: what was found, the arenas, a map of each, sizes, and what is wrong.
package struct HeapText {
  let report: HeapReport
  let style: Style
  /// How many sizes and arenas are listed.
  package var limit = 12

  package init(_ report: HeapReport, _ style: Style) {
    self.report = report
    self.style = style
  }

  package var lines: [String] {
    var lines = [style.heading("Heap of \(report.title)"), ""]
    lines += facts
    if !report.damages.isEmpty { lines += [""] + damage }
    for (index, arena) in report.arenas.enumerated().prefix(limit) where !arena.arena.isUnused {
      lines += [""] + describe(arena, index)
    }
    if report.arenas.count > limit {
      lines += ["", "and \(report.arenas.count - limit) more arenas"]
    }
    lines += [""] + sizes
    return lines
  }

  private var facts: [String] {
    var table = TextTable([.left, .left])
    // The file of symbols has a line of its own: its name is long.
    let symbols = "by the symbols of "
    if report.how.hasPrefix(symbols) {
      table.rows.append(["library", "\(report.form.text), main_arena found by its symbol in"])
      table.rows.append(["", String(report.how.dropFirst(symbols.count))])
    } else {
      table.rows.append(["library", "\(report.form.text), main_arena found \(report.how)"])
    }
    if report.isRacy {
      table.rows.append([
        "moment", "the process went on meanwhile: figures may be of several moments",
      ])
    }
    let used = report.bytes(.used)
    table.rows.append([
      "accounted for",
      "\(report.accounted.grouped) of \(report.span.grouped) bytes in \(report.arenas.count) "
        + (report.arenas.count == 1 ? "arena" : "arenas"),
    ])
    table.rows.append([
      "in use",
      "\(used.grouped) bytes in \(Self.chunks(report.count(.used))), and "
        + "\(report.bytes(.own).grouped) of malloc's own",
    ])
    for state in [ChunkState.tcache, .fastbin, .unsorted, .smallBin, .largeBin, .top, .lost]
    where report.count(state) > 0 {
      let chunks = state == .top ? "" : " in \(Self.chunks(report.count(state)))"
      table.rows.append(["  " + state.name, "\(report.bytes(state).grouped) bytes\(chunks)"])
    }
    if !report.mapped.isEmpty || report.parameters?.mappedCount ?? 0 > 0 {
      let bytes = report.mapped.reduce(UInt64(0)) { $0 &+ $1.size }
      let said = report.parameters.map { parameters in
        parameters.mappedCount == UInt64(report.mapped.count) && parameters.mappedBytes == bytes
          ? ", as mp_ says"
          : "; mp_ says \(parameters.mappedBytes.grouped) in \(parameters.mappedCount)"
      }
      table.rows.append([
        "mapped",
        "\(bytes.grouped) bytes in \(Self.chunks(UInt64(report.mapped.count))) of their own"
          + (said ?? ""),
      ])
    }
    if !report.caches.isEmpty {
      table.rows.append(["threads' caches", "\(report.caches.count)"])
    }
    return table.lines()
  }

  private static func chunks(_ count: UInt64) -> String {
    "\(count.grouped) \(count == 1 ? "chunk" : "chunks")"
  }

  private var damage: [String] {
    var lines = [style.alarm("Damage")]
    for (index, damage) in report.damages.prefix(limit).enumerated() {
      lines.append("  \(Hex(damage.address))  \(damage.message ?? "(glibc does not check this)")")
      lines += damage.detail.folded(width: 86, indent: 0).map { "      " + $0 }
      if index == 0, report.damages.count > 1 { lines.append("    then") }
    }
    if report.damages.count > limit {
      lines.append("  and \((report.damages.count - limit).grouped) more")
    }
    return lines
  }

  private func describe(_ report: ArenaReport, _ index: Int) -> [String] {
    let arena = report.arena
    let name = arena.isMain ? "main" : "\(index)"
    var lines = [
      style.heading(
        "Arena \(name)  \(Hex(arena.address))  \(report.span.grouped) bytes in "
          + "\(arena.segments.count) \(arena.isMain ? "stretch" : "heap")"
          + (arena.segments.count == 1 ? "" : arena.isMain ? "es" : "s"))
    ]
    lines += map(report)
    var table = TextTable([.left, .left])
    if let pin = report.pin {
      table.rows.append([
        "top",
        "\(report.bytes(.top).grouped) bytes, above a chunk of \(pin.size.grouped) at "
          + "\(Hex(pin.address)) (\(pin.state.name))",
      ])
      table.rows.append([
        "right below that", "\(report.freeBelowPin.grouped) bytes are free",
      ])
    }
    let binned = report.bytes(.unsorted) + report.bytes(.smallBin) + report.bytes(.largeBin)
    let share =
      report.free == 0 ? "" : ", \(percent(report.largestFree, of: report.free)) of what is free"
    table.rows.append([
      "largest free", "\(report.largestFree.grouped) bytes\(share)",
    ])
    table.rows.append([
      "between chunks",
      "\(binned.grouped) bytes free in bins, \(percent(binned, of: report.span)) of all",
    ])
    table.rows.append([
      "malloc_trim(0)",
      "would return \((report.trimmable + report.trimmableTop).grouped) bytes: "
        + "\(report.trimmable.grouped) between chunks, \(report.trimmableTop.grouped) at the top",
    ])
    if report.foreign > 0 {
      table.rows.append(["others' sbrk", "\(report.foreign.grouped) bytes between its stretches"])
    }
    return lines + table.lines()
  }

  private var sizes: [String] {
    let rows = SizeTable.sum(report.arenas.map(\.sizes)).rows
    guard !rows.isEmpty else { return ["no chunks"] }
    let shown = rows.sorted { ($0.bytes, $1.size) > ($1.bytes, $0.size) }.prefix(limit)
    var table = TextTable([.right, .right, .right, .right, .right])
    table.rows.append(["chunk size", "in use", "cached", "in bins", "bytes"])
    for row in shown {
      table.rows.append([
        row.size.grouped, row.used.grouped, row.cached.grouped, row.binned.grouped,
        row.bytes.grouped,
      ])
    }
    var lines = [style.heading("Sizes that take most")] + table.lines()
    if rows.count > shown.count { lines.append("  of \(rows.count) sizes") }
    return lines
  }
}
