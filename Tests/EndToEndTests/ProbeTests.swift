import ProbeComparison
import Testing

/// What the probes print on our kernel is what Linux 6.1 printed.
///
/// `make acceptance` is the same comparison as a command, with a table and shorter to wait for.
@Suite(.serialized) struct ProbeTests {
  /// The probes of the recordings beside the checkout, where those are at hand.
  @Test(
    .enabled(if: Checkout.hasRecordings), arguments: Probe.shared, Variant.all)
  func printsWhatLinuxPrinted(probe: Probe, variant: Variant) throws {
    let comparison = try #require(probe.compare(variant))
    if Self.open.contains(probe.name), !comparison.differences.isEmpty {
      withKnownIssue { check(comparison, probe, variant) }
    } else {
      check(comparison, probe, variant)
    }
  }

  /// The probes of memory groups under pressure, which were recorded on 4K and 64K pages.
  @Test(.enabled(if: Checkout.hasRecordings), arguments: Probe.pressure, ["4k48", "64k42"])
  func pressureProbePrintsWhatLinuxPrinted(probe: Probe, variant name: String) throws {
    let variant = try #require(Variant.all.first { $0.name == name })
    check(try #require(probe.compare(variant)), probe, variant)
  }

  /// Probes whose subject is being built: what differs is known, and shown.
  ///
  /// `buddy` asks for compaction, and then for what that leaves.
  private static let open: Set = ["buddy"]

  /// The project's own probes; one that was not recorded for a variant is not held to anything.
  @Test(arguments: Probe.own, Variant.all)
  func ownProbePrintsWhatLinuxPrinted(probe: Probe, variant: Variant) {
    guard let comparison = probe.compare(variant) else { return }
    check(comparison, probe, variant)
  }

  private func check(_ comparison: Comparison, _ probe: Probe, _ variant: Variant) {
    for line in comparison.recomputed { print("\(probe) \(variant): recomputed \(line)") }
    let differences = comparison.differences.joined(separator: "\n")
    #expect(comparison.differences.isEmpty, "\(probe) \(variant):\n\(differences)")
  }
}
