import Foundation

extension Probe {
  /// Probes of compaction, which fill a machine's memory: for `make acceptance` alone.
  public static let compacting: [Probe] = [
    compaction("compact"), fragments("odd"), fragments("even"), fragments("sparse"),
    fragments("third"), fragments("forked"), fragments("locked"), fragments("shared"),
    fragments("table"),
  ]

  /// The probe `compact` of the recordings: a checkerboard of pages, compaction by hand, then huge
  /// pages.
  ///
  /// 64K pages have 4G, for a page block is 512M there. Recorded with `boot-linux`, in
  /// `Probes/Compaction`. Huge pages at once (`compact direct`) are asked for by `fragments`, which
  /// looks at what frames it has: whether a checkerboard's free frames have even or odd numbers,
  /// which is chance there, decides what compaction finds.
  static func compaction(_ name: String, _ arguments: [String] = []) -> Probe {
    var probe = Probe(
      name: name,
      source: Checkout.recordings.appending(path: "more/probes2/compact.c"),
      recordings: Checkout.endToEndTests.appending(path: "Probes/Compaction"),
      flags: ["-O2", "-w", "-static"], arguments: arguments)
    probe.program = "compact"
    probe.rule = .compaction
    probe.variantOptions = ["64k42": ["--ram", "4G", "--mem-total", "4110080K"]]
    return probe
  }

  /// Other patterns of pages that stay, and huge pages asked for at once, again, and after
  /// compaction by hand.
  static func fragments(_ pattern: String) -> Probe {
    var probe = compaction("fragments-\(pattern)", [pattern])
    probe.source = probe.recordings.appending(path: "fragments.c")
    probe.flags = ["-O1", "-w", "-static"]
    probe.program = "fragments"
    return probe
  }
}
