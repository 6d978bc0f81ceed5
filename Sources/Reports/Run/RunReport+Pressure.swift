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
    add(
      "  scanned",
      [
        ("pgscan_kswapd", "by kswapd"), ("pgscan_direct", "by who needed memory"),
        ("pgscan_anon", "anonymous"), ("pgscan_file", "of files"),
      ])
    add(
      "  taken",
      [
        ("pgsteal_kswapd", "by kswapd"), ("pgsteal_direct", "by who needed memory"),
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
    let victims = victims
    if counts["oom_kill"] != 0 {
      let names = victims.prefix(5).map { "\($0.name) (\($0.pid), \($0.size.rounded))" }
      let list = names.isEmpty ? "" : ": " + names.joined(separator: ", ")
      rows.append(("  killed", "\(counts["oom_kill"].grouped) for want of memory" + list))
    }
    return rows
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
