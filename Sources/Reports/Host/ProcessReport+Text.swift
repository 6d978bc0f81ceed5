import HostInspection
import Machine
import MemoryTypes

extension ProcessReport {
  private static let width = 100

  /// The report for people.
  package func text(_ style: Style) -> [String] {
    var lines = headline(style)
    if let absence { return lines + ["", absence] + limitLines(style) }
    lines += [""] + totals(style)
    if !image.areas.isEmpty {
      lines += ["", style.heading("Where it lies") + style.faint(AddressDrawing.legend)]
      lines += AddressDrawing(image).lines()
      lines += [""] + costLines(style)
      lines += [""] + areaLines(style)
      lines += loadLines(style)
    }
    return lines + limitLines(style)
  }

  private func headline(_ style: Style) -> [String] {
    let state = image.state
    let threads = state.threads == 1 ? "1 thread" : "\(state.threads) threads"
    let user = state.user.map { ", user \($0)" } ?? ""
    let machine = [image.host.machine, image.host.release].filter { !$0.isEmpty }
      .joined(separator: ", Linux ")
    return [
      style.heading("\(state.pid) \(state.name)") + ": \(state.stateName), \(threads)\(user)",
      style.faint("\(image.host.pageSize) pages\(machine.isEmpty ? "" : ", " + machine)"),
    ]
  }

  private func totals(_ style: Style) -> [String] {
    let state = image.state
    func size(_ name: String) -> String? { state.size(name)?.rounded }
    var rows: [(String, String)] = []
    if let resident = size("VmRSS") {
      let parts = [("RssAnon", "anonymous"), ("RssFile", "file"), ("RssShmem", "shared")]
        .compactMap { name, what in size(name).map { "\($0) \(what)" } }
      rows.append(
        ("Resident", resident + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))))
    }
    if !image.areas.isEmpty {
      rows.append(
        ("Its share", "\(sum(\.pss).rounded) (Pss: what it shares, divided by the sharers)"))
      rows.append(("Virtual", "\(sum(\.size).rounded) in \(image.areas.count) areas"))
    } else if let virtual = size("VmSize") {
      rows.append(("Virtual", virtual))
    }
    if let swap = state.size("VmSwap") {
      let share =
        image.areas.isEmpty || swap == .zero ? "" : ", its share \(sum(\.swapPss).rounded)"
      rows.append(("Swapped", swap == .zero ? "nothing" : swap.rounded + share))
    }
    if let tables = size("VmPTE") {
      rows.append(("Page tables", "\(tables) now, the root not counted"))
    }
    let (huge, pool) = (sum(\.huge), sum(\.hugetlb))
    rows.append(
      (
        "Huge pages",
        huge == .zero && pool == .zero
          ? "none" : "\(huge.rounded) transparent, \(pool.rounded) of the pool"
      ))
    if let locked = state.size("VmLck"), locked != .zero {
      rows.append(("Locked", locked.rounded))
    }
    return rows.map { style.heading($0.0.padded(to: 13)) + $0.1 }
  }

  // MARK: what it would cost

  private func costLines(_ style: Style) -> [String] {
    var table = TextTable([.left] + cost.total.map { _ in .right })
    table.rows.append([""] + cost.total.map { $0.pageSize.text })
    table.rows.append(["resident"] + cost.total.map { Self.bytes($0.resident) })
    if cost.total.contains(where: { $0.swapped > 0 }) {
      table.rows.append(["swapped"] + cost.total.map { ByteCount($0.swapped).rounded })
    }
    table.rows.append(["page tables"] + cost.total.map { $0.tables?.rounded ?? "?" })
    if image.runs != nil {
      table.rows.append(
        ["  by level"] + cost.total.map { $0.tablesByLevel.map { "\($0)" }.joined(separator: "+") })
    }
    table.rows.append(["pages to translate"] + cost.total.map { Self.counts($0.pages) })
    table.rows.append(
      ["TLB reach"]
        + cost.total.map { cost in
          ByteCount(tlb.entries * cost.pageSize.bytes.rawValue).rounded
        })
    var lines = table.lines()
    lines[0] = style.faint(lines[0])
    lines.insert(
      style.heading("What it would cost on pages of")
        + style.faint("   (TLB of \(tlb.entries.grouped) entries: \(tlb.source))"), at: 0)
    return lines + costNotes(style)
  }

  private func costNotes(_ style: Style) -> [String] {
    var notes: [String] = []
    if image.runs == nil {
      notes.append("The pages could not be seen: these are bounds from each area's Rss.")
    } else if cost.areas.contains(where: { $0.contains { !$0.isExact } }) {
      notes.append(
        "Where huge pages hide what was touched, both bounds are given: of each one page at least, "
          + "and all of it at most.")
    }
    let inside = cost.total.indices.filter {
      cost.unaligned[$0] > 0 && cost.total[$0].pageSize.bytes > image.host.pageSize
    }.map { "\(cost.unaligned[$0].grouped) inside a \(cost.total[$0].pageSize.text) page" }
    if !inside.isEmpty {
      notes.append(
        "Of \(image.areas.count.grouped) areas begin or end \(inside.joined(separator: ", ")): the "
          + "upper figure gives each area a page of its own there, the lower lets neighbours share."
      )
    }
    return notes.flatMap { $0.folded(width: Self.width - 4, indent: 0) }.map {
      style.faint("  " + $0)
    }
  }

  static func bytes(_ range: ClosedRange<UInt64>) -> String {
    let (low, high) = (ByteCount(range.lowerBound).rounded, ByteCount(range.upperBound).rounded)
    return low == high ? high : "\(low) … \(high)"
  }

  private static func counts(_ range: ClosedRange<UInt64>) -> String {
    range.lowerBound == range.upperBound
      ? range.upperBound.grouped : "\(range.lowerBound.grouped) … \(range.upperBound.grouped)"
  }

  // MARK: areas

  private func areaLines(_ style: Style) -> [String] {
    let most = showsAll ? image.areas.count : 14
    let order = image.areas.indices.sorted {
      let (a, b) = (image.areas[$0], image.areas[$1])
      return (b.rss, b.swap, b.size, $0) < (a.rss, a.swap, a.size, $1)
    }.prefix(most).sorted()
    var table = TextTable(
      [.left, .left, .right, .right, .right, .right, .right] + [.right, .right, .right, .left])
    table.rows.append(
      ["addresses", "", "size", "Rss", "Pss", "swap", "huge"]
        + cost.total.map { "on \($0.pageSize.text)" } + [""])
    for index in order {
      let area = image.areas[index]
      let huge = area.huge + area.hugetlb
      table.rows.append(
        [
          [area.start, area.end].map { String($0.rawValue, radix: 16) }.joined(separator: "-"),
          area.permissions, area.size.rounded, area.rss.rounded, area.pss.rounded,
          area.swap == .zero ? "" : area.swap.rounded, huge == .zero ? "" : huge.rounded,
        ] + cost.areas[index].map { Self.bytes($0.resident) } + [Self.label(area)])
    }
    var lines = table.lines()
    lines[0] = style.faint(lines[0])
    let hidden = image.areas.count - order.count
    return [
      style.heading(hidden > 0 ? "Largest areas" : "Areas")
        + style.faint(hidden > 0 ? " (\(hidden.grouped) smaller ones: --all)" : "")
    ] + lines
  }

  static func label(_ area: VirtualArea) -> String {
    area.label.count > 40 ? area.label.prefix(39) + "…" : area.label
  }

  // MARK: loading, limits

  private func loadLines(_ style: Style) -> [String] {
    let sizes = PageSize.all.filter { $0.bytes > image.host.pageSize }
    // Files with the same answer for the same pages are one entry.
    var groups: [String: [String]] = [:]
    for file in image.images {
      let obstacles = sizes.compactMap { size in file.obstacle(on: size).map { (size, $0) } }
      guard let why = obstacles.first?.1 else { continue }
      let pages = obstacles.map(\.0.text).joined(separator: " and ")
      groups["on \(pages) pages (\(why))", default: []].append(file.name)
    }
    if groups.isEmpty {
      let count = image.images.count
      return count == 0 || sizes.isEmpty
        ? [] : ["", "All programs and libraries in it load on every page size (\(count))."]
    }
    return ["", style.heading("What would not load")]
      + groups.sorted { $0.key < $1.key }.flatMap { why, files in
        "\(why): \(files.sorted().joined(separator: ", "))"
          .folded(width: Self.width - 4, indent: 2).map { "  " + $0 }
      }
  }

  private func limitLines(_ style: Style) -> [String] {
    image.limits.isEmpty
      ? []
      : ["", style.alarm("What could not be seen")]
        + image.limits.flatMap { $0.folded(width: Self.width - 4, indent: 2).map { "  " + $0 } }
  }
}
