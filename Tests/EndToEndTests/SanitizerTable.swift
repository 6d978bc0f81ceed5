import Foundation

/// Documentation/KASAN.md: what Linux reported and what this kernel reports, side by side.
enum SanitizerTable {
  static func text(_ run: SanitizerCases) throws -> String {
    let recorded = try RecordedCase.all()
    var rows: [String] = []
    var notes: [String] = []
    var counts = (reports: 0, equal: 0)
    for item in recorded {
      let found = run.faulty[item.name]
      switch item.outcome {
      case .skipped:
        let reason = SanitizerCases.impossible[item.name]
        rows.append(
          row(item.name, "not run", found.map(describe) ?? "none: \(reason ?? "")", ""))
      case .reports(let expected):
        let ours = found ?? []
        counts.reports += expected.count
        var mark = "equal"
        if let reason = SanitizerCases.differences[item.name] {
          notes.append(reason)
          mark = "[\(notes.count)]"
        }
        counts.equal += zip(expected, ours).count { $0 == $1 }
        if expected.isEmpty && ours.isEmpty {
          rows.append(row(item.name, "silent", "silent", mark))
        }
        for index in 0..<max(expected.count, ours.count) {
          rows.append(
            row(
              index == 0 ? item.name : "", index < expected.count ? describe(expected[index]) : "",
              index >= ours.count
                ? ""
                : index < expected.count && ours[index] == expected[index]
                  ? "the same" : describe(ours[index]), index == 0 ? mark : ""))
        }
      }
    }
    let names = Set(recorded.map(\.name))
    let own = SanitizerCases.own.keys.filter { !names.contains($0) }.sorted().map { name in
      "| \(name) | \((run.faulty[name] ?? []).map(describe).joined(separator: "; ")) |"
    }
    return """
      # KASAN beside Linux's

      What real Linux 6.1 (generic KASAN, outline, 4K pages, 48 bits, gcc 12.2) reported for the cases
      of its own test, and what this kernel reports for modules of ours that make the same mistakes
      (Modules/tests/kasan_*.c), compiled by clang. Every case has a correct twin, of which nothing is
      reported. SanitizerTests.swift runs them, compares, and writes this page
      (`KILBURN_WRITE_TABLES=1`); the theory is in [Theory/KASAN.md](Theory/KASAN.md).

      A report is: bug type, function; access; the object's cache and where the address lies; what
      else the address is; the shadow byte that the caret points at; the stacks that are printed.

      \(recorded.count) cases, \(counts.reports) reports of Linux's; \(counts.equal) of them are equal in all of these.

      | case | Linux | here | |
      |---|---|---|---|
      \(rows.joined(separator: "\n"))

      \(notes.enumerated().map { "\($0.offset + 1). \($0.element)\n" }.joined())## Cases of our own

      Beside these are the faults that are seeded into the kernel's own Swift
      (Sources/Kernel/KASAN/Seeds.swift). Writing a module's text, or executing its data, is the MMU's
      affair and no report's (OopsTests.swift). Memory pools and vm_map_ram() are not there to be tested.

      | case | report |
      |---|---|
      \(own.joined(separator: "\n"))

      """
  }

  private static func row(_ cells: String...) -> String {
    "| " + cells.joined(separator: " | ") + " |"
  }

  private static func describe(_ reports: [KASANReport]) -> String {
    reports.isEmpty ? "silent" : reports.map(describe).joined(separator: "<br>")
  }

  private static func describe(_ report: KASANReport) -> String {
    [
      "\(report.bug) in \(report.function)", report.access, report.object, report.place,
      report.shadow.isEmpty ? "" : "shadow \(report.shadow)", report.stacks,
    ].filter { !$0.isEmpty }.joined(separator: "; ")
  }
}
