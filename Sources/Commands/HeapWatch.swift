import TraceFiles
import BoardFormat
import HeapTraces
import Machine
import MemoryTypes
import Reports

/// What `kilburn run --heap` does while the program runs, and says afterwards.
final class HeapWatch {
  let probes: [ProbeRequest]
  private var watcher: HeapWatcher
  private var profile = HeapProfile()
  private let writer: KilburnTraceWriter?
  private var failure: TraceError?
  private let stacks: [(measure: HeapProfileReport.Measure, path: String)]

  /// Finds the allocator, and opens what is to be written before anything runs.
  init(
    _ options: HeapOptions, _ guest: Guest, _ machine: MachineDescription
  ) throws(MachineError) {
    stacks = try options.stacks()
    for (_, path) in stacks { try OutputFile.write("", to: path, option: "heap-stacks") }
    probes = try AllocatorProbes(
      of: guest, environment: machine.environment, extra: options.heapFile
    ).requests
    do throws(TraceError) {
      writer = try options.heapRecord.map { path throws(TraceError) in
        try KilburnTraceWriter(path, facts: Self.facts(guest, machine))
      }
    } catch { throw .failure("--heap-record: \(error)") }
    watcher = HeapWatcher(
      machine: machine,
      symbolizer: TraceSymbolizer { path in
        guest.hostFile(at: path).flatMap { HostFile.contents(of: $0, limit: 1 << 28) }
      })
  }

  /// What the kernel has to tell for it.
  static let traced: TraceCategories = [.probes, .tasks, .areas, .stacks]

  func receive(_ bytes: [UInt8]) {
    var events: [HeapEvent] = []
    watcher.receive(bytes) { events.append($0) }
    for event in events { profile.add(event) }
    guard let writer, failure == nil else { return }
    do throws(TraceError) {
      try writer.add(from: watcher.sites)
      for event in events { try writer.append(event) }
    } catch { failure = error }
  }

  /// What the trace says of itself.
  private static func facts(_ guest: Guest, _ machine: MachineDescription) -> [TraceFact] {
    [
      TraceFact("program", guest.arguments.joined(separator: " ")),
      TraceFact("page-size", String(machine.pageSize.bytes.rawValue)),
      TraceFact("clock", "instructions"),
    ]
  }

  /// Writes the files.
  func finish() throws(MachineError) {
    do throws(TraceError) {
      if failure == nil { try writer?.finish() }
    } catch { failure = error }
    if let failure { throw .failure("--heap-record: \(failure)") }
    for (measure, path) in stacks { try report.write(measure, to: path, option: "heap-stacks") }
  }

  var report: HeapProfileReport { HeapProfileReport(profile, watcher.sites) }

  /// What a person reads.
  func text(_ style: Style) -> [String] {
    var lines = [""] + report.text(style)
    if watcher.lost > 0 {
      lines.append("\(watcher.lost) calls were too deep in each other and are left out")
    }
    if watcher.malformed > 0 {
      lines.append("\(watcher.malformed) records made no sense and are left out")
    }
    return lines
  }
}
