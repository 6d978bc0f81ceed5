import Foundation

/// What is promised, and what is there, with swap in RAM: the probe `ovswap` of the recordings.
///
/// Outcomes are compared, and figures within a tenth. Not compared is
/// - whether kswapd or the program took pages: that is for the scheduler to say, and here kswapd
///   runs before the program that woke it goes on;
/// - how often pages were looked at, and their writes counted, when nothing can be written any more:
///   Linux tries pages of the swap cache again and again, here none comes into it then;
/// - how many pages went before that: Linux raises its watermarks then (`watermark_boost_factor`),
///   this kernel does not (43,317 pages here, 38,152 there).
enum OvercommitProbe {
  /// Counters that say what became of pages.
  private static let counted: Set<Substring> = [
    "pswpin", "pgmajfault", "oom_kill", "workingset_refault_anon",
  ]
  /// The same, where all can be written.
  private static let countedWhileThereIsRoom: Set<Substring> = [
    "pgscan_anon", "pgsteal_anon", "pswpout",
  ]

  /// The lines, with the counters that are compared alone.
  static func text(_ output: String) -> String {
    var isFull = false
    return output.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      if line.contains("killed by") { isFull = true }
      guard line.hasPrefix("  vmstat ") else { return String(line) }
      let words = line.split(separator: " ")
      let names = counted.union(isFull ? [] : countedWhileThereIsRoom)
      return stride(from: 2, to: words.count - 1, by: 2)
        .filter { names.contains(words[$0]) }
        .map { "\(words[$0]) \(words[$0 + 1])" }.joined(separator: " ")
    }.joined(separator: "\n")
  }

  /// Linux's first program is still there and has its own memory promised; what is free when
  /// memory is full lies anywhere between two watermarks.
  static func slack(_ line: Substring, _ heading: Substring) -> Int {
    line.hasPrefix("mode ") ? 1024 : line.contains("MemFree") ? 8 * 1024 : 0
  }
}

extension Probe {
  /// As `ovswap` was recorded: 512M of RAM and half of that as swap in RAM, on 4K pages.
  public static var overcommit: Probe {
    var probe = Probe(
      name: "ovswap",
      source: Checkout.recordings.appending(path: "more/probes2/ovswap.c"),
      recordings: Checkout.endToEndTests.appending(path: "Probes/Pressure"),
      flags: ["-O1", "-w", "-static"])
    probe.rule = .overcommit
    probe.options = ["--zram", "256M", "--mem-total", "508704K"]
    return probe
  }
}
