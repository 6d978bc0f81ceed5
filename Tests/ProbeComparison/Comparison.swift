/// What comparing a probe's output with the recording gave.
public struct Comparison: Sendable {
  /// Lines that are not as on Linux, as a short diff.
  public var differences: [String] = []
  /// Lines that were recomputed by Linux's formula, or compared as differences.
  public var recomputed: [String] = []

  /// How many lines of a diff are shown.
  static let shown = 40

  /// Compares line by line.
  ///
  /// Left out are the device and inode numbers of files (``comparable(_:)``); lines that hang on a
  /// moment of the boot must follow Linux's formula instead (``MomentOfBoot``).
  init(ours: String, linux: String, _ figures: MachineFigures) {
    let printed = ours.split(separator: "\n", omittingEmptySubsequences: false)
    let recorded = linux.split(separator: "\n", omittingEmptySubsequences: false)
    var left = Self.keys(printed)
    let right = Self.keys(recorded)
    // Where the two run side by side, moments of the boot are taken out of both.
    var stage: Substring = ""
    var previous: Substring = ""
    for (index, (here, there)) in zip(printed, recorded).enumerated() {
      if there.hasPrefix("==") { stage = there }
      defer { previous = there }
      guard let moment = MomentOfBoot(line: there, after: previous, stage: stage) else { continue }
      if moment.holds(for: here, figures, output: printed) {
        if here == there { continue }
        recomputed.append("line \(index + 1): \(here.trimmed) (Linux: \(there.trimmed))")
        left[index] = right[index]
      } else {
        left[index] += "  <- not Linux's formula of this machine's figures"
      }
    }
    guard left != right else { return }
    differences = Self.diff(left, right)
  }

  init(failed reason: String) { differences = [reason] }

  init() {}

  private static func keys(_ lines: [Substring]) -> [String] { lines.map(comparable) }

  /// A line without what differs by nature: the device and inode of a mapped file, and with them
  /// the width of the columns.
  static func comparable(_ line: Substring) -> String {
    guard
      let match = line.firstMatch(
        of: #/^(?<map>[0-9a-f]+-[0-9a-f]+ [-r][-w][-x][ps] [0-9a-f]+) \S+ \d+ +(?<path>\/.*)$/#)
    else { return String(line) }
    return "\(match.map) \(match.path)"
  }

  /// The changes that make the recorded lines of the printed ones, by line.
  private static func diff(_ printed: [String], _ recorded: [String]) -> [String] {
    var lines: [(Int, String)] = []
    for change in printed.difference(from: recorded) {
      switch change {
      case .remove(let line, let text, _): lines.append((line * 2, "\(line + 1): Linux \(text)"))
      case .insert(let line, let text, _):
        lines.append((line * 2 + 1, "\(line + 1): here  \(text)"))
      }
    }
    lines.sort { $0.0 < $1.0 }
    let more = lines.count - shown
    return lines.prefix(shown).map(\.1) + (more > 0 ? ["and \(more) lines more"] : [])
  }
}

extension Substring {
  /// Without the blanks around it.
  var trimmed: String {
    String(drop { " \t".contains($0) }).replacing(#/\s+$/#, with: "")
  }
}

extension Probe {
  /// Runs the probe and holds what it printed against the recording; nil where there is none.
  public func compare(_ variant: Variant) -> Comparison? {
    guard let linux = recording(variant) else { return nil }
    do {
      let run = try run(variant)
      var comparison =
        switch rule {
        case .lines: Comparison(ours: run.result.output, linux: linux, run.figures)
        case .stages: Comparison(stagesOf: run.result.output, linux: linux, run.figures)
        case .within(let percent):
          Comparison(
            within: percent, ours: run.result.output, linux: linux,
            slack: SwapProbes.slack(variant))
        case .pressure:
          Comparison(pressure: run.result.output, linux: linux, variant)
        case .overcommit:
          Comparison(
            within: 10, ours: OvercommitProbe.text(run.result.output),
            linux: OvercommitProbe.text(linux), slack: OvercommitProbe.slack)
        case .outOfMemory: Comparison(outOfMemory: run.result.output, linux: linux, variant)
        case .compaction:
          Comparison(
            compaction: run.result.output, linux: linux,
            holdsCounters: name == "compact" && variant.name != "64k42")
        }
      if run.result.status != 0 {
        comparison.differences.append("ended with \(run.result.status) \(run.result.errors)")
      }
      return comparison
    } catch {
      return Comparison(failed: "\(error)")
    }
  }
}
