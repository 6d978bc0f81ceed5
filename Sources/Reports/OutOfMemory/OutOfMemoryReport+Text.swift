import Machine
package import MemoryTypes

extension OutOfMemoryReport {
  /// In plain words: why that process died, and what would have saved it.
  ///
  /// `ram` is all the RAM of the machine, of which the kernel has a part for itself.
  package func explanation(pageSize: PageSize, ram: ByteCount) -> [String] {
    guard let victim else { return [] }
    var lines = ["Why \(victim.name) (process \(victim.pid)) was killed"]
    let what = order == 0 ? "a page" : "\(1 << max(order, 0)) pages in one piece (order \(order))"
    if let limit, let usage {
      lines.append(
        "  \(asker) asked for \(what), and the memory group \(group ?? "?") had \(usage.rounded)"
          + " of the \(limit.rounded) that it may have.")
    } else {
      lines.append(
        "  \(asker) asked for \(what), and of \(managed.rounded) the machine had \(free.rounded)"
          + " free: no more than the reserve that it keeps for itself (\(reserve.rounded)).")
    }
    lines.append("  " + swapText)
    lines.append(
      "  It had \(victim.resident.rounded) in memory (\(victim.anonymous.rounded) its own,"
        + " \(victim.shared.rounded) shared, \(victim.file.rounded) of files) of"
        + " \(victim.virtual.rounded) that it had mapped.")
    lines += choice(victim, pageSize).map { "  " + $0 }
    lines.append("What would have saved it")
    lines += remedies(victim, ram).map { "  " + $0 }
    return lines
  }

  private var swapText: String {
    if swapTotal == .zero { return "There was no swap, so its own pages could go nowhere." }
    return swapFree == .zero
      ? "All \(swapTotal.rounded) of swap were full."
      : "Of \(swapTotal.rounded) of swap \(swapFree.rounded) were free, and did not help in time."
  }

  /// Why this one and not another.
  private func choice(_ victim: Victim, _ pageSize: PageSize) -> [String] {
    let page = pageSize.bytes.rawValue
    guard let row = tasks.first(where: { $0.pid == victim.pid }) else { return [] }
    func size(_ pages: UInt64) -> String { ByteCount(pages * page).rounded }
    var lines: [String] = []
    let others = tasks.filter { $0.pid != victim.pid }
    let exempt = others.filter { $0.adjustment == -1000 }
    let next = others.filter { $0.adjustment != -1000 }.max { $0.weight(page) < $1.weight(page) }
    if let next {
      lines.append(
        "It was chosen because its end gives most back: \(size(row.weight(page))); the next,"
          + " \(next.name) (\(next.pid)), has \(size(next.weight(page))).")
      if next.weight(page) > row.weight(page) {
        lines[lines.count - 1] =
          "It was chosen for its oom_score_adj of \(row.adjustment), though \(next.name)"
          + " (\(next.pid)) has more: \(size(next.weight(page)))."
      }
    } else {
      lines.append("It was the only one that could be chosen.")
    }
    if !exempt.isEmpty {
      let names = exempt.map { "\($0.name) (\($0.pid))" }.joined(separator: ", ")
      lines.append("Exempt by an oom_score_adj of -1000: \(names).")
    }
    return lines
  }

  /// What it had mapped and not touched is what it would have wanted more, at the most.
  ///
  /// Sizes are whole mebibytes, as the options take them.
  private func remedies(_ victim: Victim, _ ram: ByteCount) -> [String] {
    let missing =
      victim.virtual > victim.resident ? victim.virtual - victim.resident : ByteCount.zero
    // Room to breathe: reserves, tables, the table of frames of more RAM.
    let more = missing + ByteCount(victim.virtual.rawValue / 32) + .mebibytes(2)
    var lines: [String] = []
    if let limit {
      lines.append(
        "a limit of \(Self.whole(limit + more)) (memory.max, --memory-max), if it goes on")
      lines.append("  to use all that it had mapped and maps no more; or")
    } else {
      lines.append("\(Self.whole(ram + more)) of RAM instead of \(ram.rounded) (--ram),")
      lines.append("  if it goes on to use all that it had mapped and maps no more; or")
    }
    // Pages that came back keep their slots for a while: it may need one for each.
    let swap = swapTotal + victim.virtual + .mebibytes(2)
    lines.append("\(Self.whole(swap)) of swap (--swap), slowly; or")
    lines.append("an oom_score_adj of -1000, and somebody else would have died.")
    return lines
  }

  /// The next whole mebibyte: `73M`.
  private static func whole(_ size: ByteCount) -> String {
    "\((size.rawValue + (1 << 20) - 1) >> 20)M"
  }
}
