import Machine
import MemoryTypes

/// What the kernel did because memory was short: by whom, and why.
extension RunReport {
  /// A row for each thing that happened, nothing where nothing did.
  var pressure: [(label: String, text: String)] {
    guard let text = result.text("vmstat") else { return [] }
    let counts = VMStatCounts(text)
    var rows: [(label: String, text: String)] = []
    func add(_ label: String, _ parts: [(String, String)]) {
      let found = parts.filter { counts[$0.0] != 0 }
      guard !found.isEmpty else { return }
      rows.append(
        (label, found.map { "\(counts[$0.0].grouped) \($0.1)" }.joined(separator: ", ")))
    }
    if let account = shortage {
      rows += account.causes.map(Self.row)
      if account.waited > 0 {
        rows.append(("  slept", "\(Self.time(account.waited)) above memory.high"))
      }
      if account.some > 0 {
        rows.append(
          (
            "  stalled",
            "\(Self.time(account.some * 1000)) in which a task waited for memory, "
              + "\(Self.time(account.full * 1000)) of it all that could run"
          ))
      }
    }
    add("  scanned", [("pgscan_anon", "anonymous"), ("pgscan_file", "of files")])
    add(
      "  taken",
      [
        ("pgsteal_anon", "anonymous"), ("pgsteal_file", "of files"),
        ("pglazyfreed", "given up by MADV_FREE"), ("slabs_scanned", "objects looked at"),
      ])
    add("  swapped", [("pswpout", "out"), ("pswpin", "in"), ("swap_ra", "read ahead")])
    add(
      "  refaulted",
      [
        ("workingset_refault_anon", "anonymous"), ("workingset_refault_file", "of files"),
        ("workingset_activate_anon", "anonymous ones in use at once"),
        ("workingset_activate_file", "of files in use at once"),
      ])
    add(
      "  moved",
      [
        ("pgmigrate_success", "moved together"), ("pgmigrate_fail", "stayed"),
        ("compact_migrate_scanned", "looked at"),
        ("compact_daemon_migrate_scanned", "of them by kcompactd"),
      ])
    add(
      "  waited",
      [
        ("allocstall_dma", "times for pages"), ("allocstall_normal", "times for pages above 4G"),
        ("compact_stall", "times for a large block"), ("compact_success", "of them with success"),
      ])
    rows += (shortage?.losers ?? []).prefix(4).enumerated().map { index, loser in
      (index == 0 ? "  taken from" : "", Self.text(of: loser))
    }
    let victims = victims
    if counts["oom_kill"] != 0 {
      let names = victims.prefix(5).map { "\($0.name) (\($0.pid), \($0.size.rounded))" }
      let list = names.isEmpty ? "" : ": " + names.joined(separator: ", ")
      rows.append(("  killed", "\(counts["oom_kill"].grouped) for want of memory" + list))
    }
    return rows
  }

  /// What the kernel says of memory being short; nil where it was not asked.
  package var shortage: ShortageAccount? { result.text("pressure").map(ShortageAccount.init) }

  private static func row(_ cause: ShortageAccount.Cause) -> (label: String, text: String) {
    let label: String
    let why: String
    switch cause.name {
    case "kswapd": (label, why) = ("  kswapd", "as little was free")
    case "direct": (label, why) = ("  direct", "as nothing was free")
    case "limit": (label, why) = ("  at a limit", "as a group met memory.max")
    case "high": (label, why) = ("  above high", "as a group was above memory.high")
    case "request": (label, why) = ("  by request", "memory.reclaim, or a limit was lowered")
    default: (label, why) = ("  " + cause.name, "")
    }
    let text =
      "\(cause.scanned.grouped) scanned, \(cause.taken.grouped) taken, in "
      + (cause.times == 1 ? "one go" : "\(cause.times.grouped) goes")
      + " of \(time(cause.nanoseconds)): \(why)"
    return (label, text)
  }

  /// A process that lost pages, and which of its mappings did.
  private static func text(of loser: ShortageAccount.Loser) -> String {
    let parts = loser.mappings.prefix(2).map { "\($0.taken.grouped) of \($0.label) \($0.range)" }
    return "\(loser.name) (\(loser.pid)) \(loser.taken.grouped)"
      + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
  }

  /// Nanoseconds in three figures.
  static func time(_ nanoseconds: UInt64) -> String {
    for (unit, scale) in [("s", UInt64(1_000_000_000)), ("ms", 1_000_000), ("µs", 1000)]
    where nanoseconds >= scale {
      let hundredths = nanoseconds / (scale / 100)
      let whole = hundredths / 100
      if whole >= 100 { return "\(whole.grouped) \(unit)" }
      if whole >= 10 { return "\(whole).\(hundredths / 10 % 10) \(unit)" }
      return "\(whole).\(hundredths / 10 % 10)\(hundredths % 10) \(unit)"
    }
    return "\(nanoseconds) ns"
  }

  /// Who was killed for want of memory, the largest first.
  private var victims: [(name: String, pid: Int, size: ByteCount)] {
    result.log.compactMap { line in
      guard
        let match = line.firstMatch(
          of: #/: Killed process (\d+) \((.*)\) total-vm:\d+kB, anon-rss:(\d+)kB/#)
      else { return nil }
      return (
        name: String(match.2), pid: Int(match.1) ?? 0,
        size: ByteCount.kibibytes(UInt64(match.3) ?? 0)
      )
    }
    .sorted { $0.size > $1.size }
  }
}

/// The counters of `/proc/vmstat` by name.
struct VMStatCounts {
  private var values: [Substring: UInt64] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, let value = UInt64(words[1]) { values[words[0]] = value }
    }
  }

  subscript(name: String) -> UInt64 { values[name[...]] ?? 0 }
}
