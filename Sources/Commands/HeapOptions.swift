import ArgumentParser
import Machine
import Reports

/// The options that have a program's calls of its allocator written down.
struct HeapOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Watches malloc and free, and reports who holds memory.",
      discussion: "Breakpoints at the allocator's functions tell of each call and its callers."))
  var heap = false

  @Option(
    help: ArgumentHelp(
      "Writes the calls to this file, for kilburn heap replay.",
      discussion: "Documentation/HeapTrace.md describes it.", valueName: "file"))
  var heapRecord: String?

  @Option(
    help: ArgumentHelp(
      "Writes stacks for flame graphs.",
      discussion: """
        Of bytes \(Measure.live) at the end, at the \(Measure.peak), \(Measure.allocated) in all, \
        or of the number of \(Measure.allocations) or of \(Measure.temporary) ones.
        """,
      valueName: "measure:file"))
  var heapStacks: [String] = []

  @Option(
    help: ArgumentHelp(
      "Another file of the guest with an allocator: a library loaded later, another program.",
      valueName: "path"))
  var heapFile: [String] = []

  typealias Measure = HeapProfileReport.Measure

  /// Whether the allocator is watched at all.
  var isAsked: Bool { heap || heapRecord != nil || !heapStacks.isEmpty || !heapFile.isEmpty }

  /// The measures and files of `--heap-stacks`.
  func stacks() throws(MachineError) -> [(measure: Measure, path: String)] {
    try Self.stacks(heapStacks, option: "heap-stacks")
  }

  /// Measures and files, of words like `peak:FILE`.
  static func stacks(
    _ words: [String], option: String
  ) throws(MachineError) -> [(measure: Measure, path: String)] {
    var all: [(Measure, String)] = []
    for word in words {
      let parts = word.split(separator: ":", maxSplits: 1).map(String.init)
      guard parts.count == 2, let measure = Measure(rawValue: parts[0]) else {
        throw .usage(
          "--\(option) \(word): a measure, a colon and a file are needed",
          hint: "the measures are \(Measure.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      all.append((measure, parts[1]))
    }
    return all
  }
}

extension HeapProfileReport.Measure: CustomStringConvertible {
  public var description: String { rawValue }
}
