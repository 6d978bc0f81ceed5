import Foundation

extension Probe {
  /// Programs that press memory, beside the recordings, whose memory groups are held against
  /// Linux's.
  ///
  /// They were recorded with zram, whose writes end before they return: byte for byte the same each
  /// time. Sizes are four times as large on 64K pages, and so is the swap space.
  public static let pressure: [Probe] = ["high", "protect", "oomgroup"].map { name in
    var probe = Probe(
      name: name,
      source: Checkout.recordings.appending(path: "more/probes2/\(name).c"),
      recordings: Checkout.endToEndTests.appending(path: "Probes/Pressure"),
      flags: ["-O2", "-w", "-static"])
    probe.rule = .pressure
    probe.variantOptions = ["4k48": ["--zram", "64M"], "64k42": ["--zram", "256M"]]
    return probe
  }
}
