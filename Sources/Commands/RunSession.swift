import BoardFormat
import Glibc
import Machine
import Observation
import Reports

/// Everything between the words of `kilburn run` and its exit code.
struct RunSession {
  private let program: String
  private let arguments: [String]
  private let machines: [MachineDescription]
  private let shown: [String]
  private let isQuiet: Bool
  private let explainsOutOfMemory: Bool
  private let json: JSONFile?

  /// The options of the run itself.
  var kernel: String?
  var timeout: Int?
  var debuggerPort: Int?
  private var ramFile: RAMFile?
  private var heap: HeapOptions?
  private var observer: ObserverOptions?
  private var timelineInterval: UInt64?
  private var timeline: TimelineFile?

  /// Checks everything that can be checked before something is started.
  init(
    program: String, arguments: [String], machine: MachineOptions, report: ReportOptions
  ) throws(MachineError) {
    self.program = program
    self.arguments = arguments
    shown = try report.shown()
    isQuiet = report.quiet
    explainsOutOfMemory = report.explainOom
    var machines: [MachineDescription] = []
    for configuration in try machine.configurations() {
      machines.append(try configuration.described())
    }
    self.machines = machines
    if machines.count > 1, machines[0].configuration.binds.contains(where: \.isWritable) {
      throw .usage("--bind …:rw is for one machine: the next would see what the last one changed")
    }
    json = try report.json.map(JSONFile.init)
  }

  /// Has the machine's RAM kept in a file.
  mutating func keepRAM(in path: String?) throws(MachineError) {
    guard let path else { return }
    guard !isSideBySide else {
      throw .usage("--keep-ram: a file holds one machine", hint: "name one page size")
    }
    ramFile = try RAMFile(path)
  }

  /// Has the program's calls of its allocator watched.
  mutating func watchHeap(_ options: HeapOptions) throws(MachineError) {
    guard options.isAsked else { return }
    guard !isSideBySide else {
      throw .usage("--heap: a trace is of one machine", hint: "name one page size")
    }
    _ = try options.stacks()
    heap = options
  }

  /// Has every access shown to a model of the core's hardware.
  mutating func observe(_ options: ObserverOptions) throws(MachineError) {
    guard options.isAsked else { return }
    if options.record != nil && machines.count > 1 {
      throw .usage("--record: a trace is of one machine", hint: "name one page size")
    }
    observer = options
  }

  /// Has samples of memory written.
  mutating func writeTimeline(_ options: TimelineOptions) throws(MachineError) {
    timelineInterval = try options.interval()
    guard let path = options.timeline else { return }
    guard !isSideBySide else {
      throw .usage("--timeline: a file is of one machine", hint: "name one page size")
    }
    timeline = try TimelineFile(path, machines[0].pageSize)
  }

  /// Runs the program on each machine and returns the exit code.
  func run() throws(MachineError) -> Int32 {
    let guest = try Guest(
      program: program, arguments: arguments, configuration: machines[0].configuration,
      standardInput: try standardInput())
    let emulator = try Emulator()
    let kernel = try KernelImage(
      path: kernel, isSanitized: machines[0].configuration.isSanitized)
    if let debuggerPort, !isQuiet {
      lines(["kilburn: waiting for a debugger: gdb-multiarch -ex 'target remote :\(debuggerPort)'"])
    }
    var reports: [RunReport] = []
    var heapProfile: JSON?
    var hardware: [JSON] = []
    for (index, machine) in machines.enumerated() {
      var run = MachineRun(machine: machine, emulator: emulator, kernel: kernel)
      run.texts = texts
      run.timeout = timeout
      run.debuggerPort = debuggerPort
      run.timelineInterval = timelineInterval
      run.ramFile = ramFile
      run.observer = try observer.map { options throws(MachineError) in try options.setup(machine) }
      if observer != nil, ramFile == nil { run.ramFile = try RAMFile() }
      let watch = try heap.map { options throws(MachineError) in
        try HeapWatch(options, guest, machine)
      }
      run.probes = watch?.probes ?? []
      run.traced = watch == nil ? [] : HeapWatch.traced
      progress(index)
      // Side by side, the guest is heard once.
      let result = try run.run(
        guest,
        output: { stream, bytes in
          index > 0 || (stream == .standardOutput ? Stream.output : .error).write(bytes)
        },
        trace: { bytes in
          watch?.receive(bytes)
          timeline?.receive(bytes)
        })
      progress(nil)
      let report = RunReport(
        machine: machine, arguments: guest.arguments, executable: guest.executable, result: result)
      reports.append(report)
      let isShown = show(report)
      if let file = run.observer?.file { hardware.append(try showObservation(file, report, guest)) }
      try watch?.finish()
      try timeline?.finish()
      heapProfile = watch?.report.json
      if let watch, !isQuiet { lines(watch.text(style)) }
      guard isShown else { break }
    }
    try finish(reports, heap: heapProfile, hardware: hardware)
    // The guest's files are no part of its exit code, but whoever counts on them must hear of it.
    if reports.contains(where: { $0.result.export?.problems.isEmpty == false }) { return 125 }
    return reports.map(\.result.ending.exitCode).first { $0 != 0 } ?? 0
  }

  private var style: Style {
    Style(
      isTerminal: Stream.error.isTerminal, noColor: Environment.value(of: "NO_COLOR"),
      terminal: Environment.value(of: "TERM"))
  }

  private var isSideBySide: Bool { machines.count > 1 }

  /// What the kernel is to write at the end: nothing that nobody will see.
  private var texts: Set<Text> {
    var asked = Text.allCases.filter { shown.contains($0.name) }
    if explainsOutOfMemory { asked.append(.dmesg) }
    return isQuiet && json == nil ? Set(asked) : RunReport.texts.union(asked)
  }

  /// What the guest is to read: nil where it is typed.
  private func standardInput() throws(MachineError) -> [UInt8]? {
    if Stream.input.isTerminal { return isSideBySide ? [] : nil }
    return try StandardInput.everything {
      guard !isQuiet else { return }
      lines(["kilburn: standard input is read to its end first (</dev/null if there is none) …"])
    }
  }

  /// Shows what is to be shown of one run; false where no other is worth starting.
  private func show(_ report: RunReport) -> Bool {
    let result = report.result
    lines((result.export?.problems ?? []).map { "kilburn: \($0)" })
    switch result.ending {
    case .exited, .signalled, .outOfMemory, .stopped:
      if !isSideBySide && !isQuiet { lines(report.text(style)) }
      lines(report.shownTexts(shown, style))
      if explainsOutOfMemory { lines(explanation(of: report)) }
      return true
    case .interrupted, .outputClosed:
      return false
    case .notStarted, .kernelFault, .timedOut, .emulatorFailed:
      lines(result.log.suffix(100))
      lines(["kilburn: \(report.program) \(report.endingText)"])
      // A kernel that dies still says what it had noted.
      if shown.contains("dmesg"), result.texts.contains(where: { $0.name == "dmesg" }) {
        lines(report.shownTexts(["dmesg"], style))
      }
      return false
    }
  }

  /// What `--explain-oom` says: of the last process that was killed for memory.
  private func explanation(of report: RunReport) -> [String] {
    guard
      let found = report.result.text("dmesg").flatMap({ OutOfMemoryReport(log: $0) })
    else { return ["No process was killed for want of memory."] }
    return found.explanation(
      pageSize: report.machine.pageSize, ram: report.machine.banks.total)
  }

  /// Shows what the observer has answered.
  private func showObservation(
    _ file: ObserverFile, _ report: RunReport, _ guest: Guest
  ) throws(MachineError) -> JSON {
    guard let observation = Observation(file.contents(from: ObserverRequest.room)) else {
      // The run's own end says why.
      if case .emulatorFailed = report.result.ending { return .null }
      throw .failure("the observer gave no answer: the emulator did not end by itself")
    }
    let found = ObservationReport(observation, report) { path in
      guest.hostFile(at: path).flatMap { HostFile.contents(of: $0, limit: 1 << 28) }
    }
    if !isQuiet { lines(found.text(style)) }
    return found.json
  }

  private func finish(
    _ reports: [RunReport], heap: JSON?, hardware: [JSON]
  ) throws(MachineError) {
    if isSideBySide && !isQuiet && reports.count == machines.count {
      lines(SideBySide(reports).text(.plain))
    }
    guard let json else { return }
    var values = reports.map { $0.json(texts: textNames) }
    if let heap { values[0] = values[0].with("heap", heap) }
    for (index, observed) in hardware.enumerated() where index < values.count {
      values[index] = values[index].with("hardware", observed)
    }
    try json.write(
      isSideBySide
        ? ["format": "kilburn-runs", "version": 1, "runs": .array(values)]
        : values[0])
  }

  private var textNames: [String] {
    shown.flatMap { $0 == "buddyinfo" ? ["buddyinfo.before", "buddyinfo.after"] : [$0] }
  }

  private func lines(_ lines: some Sequence<String>) {
    Stream.error.write(Array(lines.map { $0 + "\n" }.joined().utf8))
  }

  /// Says on a terminal what is being done; nil takes it back.
  private func progress(_ index: Int?) {
    guard isSideBySide, !isQuiet, Stream.error.isTerminal else { return }
    let text = index.map { "\($0 + 1)/\(machines.count) \(machines[$0].pageSize.text) pages …" }
    Stream.error.write(Array("\r\u{1b}[K\(text ?? "")".utf8))
  }
}
