package import HeapTraces
import Machine
import MemoryTypes

/// A profile as a person reads it, as JSON, and as stacks for flame graphs.
package struct HeapProfileReport {
  /// What sites are ranked by, and what a folded stack's number is.
  package enum Measure: String, CaseIterable, Sendable {
    /// Bytes that were never given back.
    case live
    /// Bytes at the moment when most were live.
    case peak
    /// Bytes of all allocations.
    case allocated
    /// The number of allocations.
    case allocations
    /// Allocations that were freed before their thread's next one.
    case temporary

    func value(_ site: HeapProfile.Site) -> UInt64 {
      switch self {
      case .live: site.live.bytes
      case .peak: site.atPeak.bytes
      case .allocated: site.allocated.bytes
      case .allocations: site.allocated.objects
      case .temporary: site.temporary.objects
      }
    }

    var title: String {
      switch self {
      case .live: "never given back"
      case .peak: "live at the peak"
      case .allocated: "allocated most bytes"
      case .allocations: "allocated most often"
      case .temporary: "freed before the next allocation"
      }
    }
  }

  package let profile: HeapProfile
  package let table: SiteTable
  /// How many sites each list has.
  package var limit = 10

  package init(_ profile: HeapProfile, _ table: SiteTable) {
    self.profile = profile
    self.table = table
  }

  /// The sites by a measure, the largest first; none that has nothing of it.
  func ranked(by measure: Measure) -> [(site: UInt32, value: UInt64)] {
    profile.sites.indices
      .map { (site: UInt32($0), value: measure.value(profile.sites[$0])) }
      .filter { $0.value > 0 }
      .sorted { ($1.value, $0.site) < ($0.value, $1.site) }
  }

  /// Stacks with a number each, outermost first and joined by semicolons, as flame graphs take
  /// them (Brendan Gregg's `flamegraph.pl`, `inferno`, speedscope).
  package func folded(by measure: Measure) -> [String] {
    var lines: [String: UInt64] = [:]
    for (site, value) in ranked(by: measure) {
      let frames = table.frames(of: site, limit: 256).reversed()
        .map { table.text($0).replacing(";", with: ":").replacing(" ", with: "_") }
      lines[frames.isEmpty ? "[unknown]" : frames.joined(separator: ";"), default: 0] += value
    }
    return lines.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
  }

  package func text(_ style: Style) -> [String] {
    var lines = [
      "heap       \(Self.bytes(profile.allocated.bytes)) in \(count(profile.allocated.objects, "allocation")), "
        + calls,
      "peak       \(Self.bytes(profile.peak.bytes)) in \(count(profile.peak.objects, "object")), "
        + "at \(profile.peakTime.grouped) of \(profile.time.grouped) instructions",
      "at the end \(Self.bytes(profile.live.bytes)) in \(count(profile.live.objects, "object"))",
      "temporary  \(count(profile.temporary.objects, "allocation")) (\(share) %) freed before the next",
    ]
    if profile.failed > 0 { lines.append("failed     \(count(profile.failed, "call"))") }
    for measure in [Measure.live, .peak, .allocated, .temporary] { lines += list(measure, style) }
    return lines
  }

  private func list(_ measure: Measure, _ style: Style) -> [String] {
    let all = ranked(by: measure)
    guard !all.isEmpty else { return [] }
    var table = TextTable([.right, .right, .left])
    table.rows.append(["bytes", "objects", "callers"])
    for (site, _) in all.prefix(limit) {
      let figures = profile.sites[Int(site)]
      let amount =
        switch measure {
        case .live: figures.live
        case .peak: figures.atPeak
        case .allocated, .allocations: figures.allocated
        case .temporary: figures.temporary
        }
      let who = self.table.text(of: site, frames: 5)
      table.rows.append([
        Self.bytes(amount.bytes), amount.objects.grouped, who.isEmpty ? "(unknown)" : who,
      ])
    }
    var lines = ["", style.heading(measure.title)] + table.lines()
    if all.count > limit { lines.append("  … and \((all.count - limit).grouped) other places") }
    return lines
  }

  private static func bytes(_ count: UInt64) -> String { ByteCount(count).rounded }

  private var calls: String {
    HeapOperation.allCases.compactMap { operation in
      profile.calls[operation].map { "\(operation.name) \($0.grouped)" }
    }.joined(separator: ", ")
  }

  private var share: UInt64 {
    profile.allocated.objects == 0
      ? 0 : profile.temporary.objects * 100 / profile.allocated.objects
  }

  private func count(_ number: UInt64, _ word: String) -> String {
    "\(number.grouped) \(word)\(number == 1 ? "" : "s")"
  }
}
