import ArgumentParser
import Machine

/// `--timeline` and how often.
struct TimelineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Writes how memory was used over the machine's time to this file, as CSV.",
      discussion: "Documentation/ReportFormat.md says what its columns are.", valueName: "file"))
  var timeline: String?

  @Option(
    help: ArgumentHelp(
      "The time between two of its rows, of the machine's: 10us to 1000s.", valueName: "time"))
  var timelineInterval: String?

  /// The interval in nanoseconds; nil where no timeline is asked for.
  func interval() throws(MachineError) -> UInt64? {
    guard timeline != nil else {
      guard timelineInterval == nil else {
        throw .usage("--timeline-interval: without --timeline there are no rows")
      }
      return nil
    }
    guard let timelineInterval else { return 10_000_000 }
    guard let found = Self.nanoseconds(timelineInterval) else {
      throw .usage(
        "--timeline-interval: '\(timelineInterval)' is no time", hint: "as 500us, 10ms or 2s")
    }
    guard 10_000...1_000_000_000_000 ~= found else {
      throw .usage("--timeline-interval: \(timelineInterval) is not between 10us and 1000s")
    }
    return found
  }

  /// A whole number and its unit; nil where it is none, or more than there is.
  static func nanoseconds(_ text: String) -> UInt64? {
    for (unit, scale) in [("us", UInt64(1000)), ("ms", 1_000_000), ("s", 1_000_000_000)]
    where text.hasSuffix(unit) {
      guard let number = UInt64(text.dropLast(unit.count)) else { continue }
      let (product, overflow) = number.multipliedReportingOverflow(by: scale)
      return overflow ? nil : product
    }
    return nil
  }
}
