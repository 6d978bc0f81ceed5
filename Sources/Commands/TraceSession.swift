import BoardFormat
import Machine
import Reports

/// Everything between the words of `kilburn trace` and its exit code.
struct TraceSession {
  private let prepared: PreparedRun
  private let filter: TraceFilter
  private let form: TraceLog.Form
  private let file: ReportFile

  init(_ prepared: PreparedRun, filter: TraceFilter, form: TraceLog.Form, file: ReportFile) {
    self.prepared = prepared
    self.filter = filter
    self.form = form
    self.file = file
  }

  func run() throws(MachineError) -> Int32 {
    var run = prepared.run
    run.traced = filter.traced
    let guest = prepared.guest
    var log = TraceLog(
      form: form, filter: filter, machine: prepared.machine,
      symbolizer: TraceSymbolizer { path in
        guest.hostFile(at: path).flatMap { HostFile.contents(of: $0, limit: 1 << 28) }
      })
    let result = try run.run(
      guest, output: PreparedRun.forward, trace: { _ = file.write(log.receive($0)) })
    try file.finish(log.finish())
    switch result.ending {
    case .exited, .signalled, .outOfMemory, .stopped, .interrupted, .outputClosed: break
    case .notStarted, .kernelFault, .timedOut, .emulatorFailed:
      Stream.error.line("kilburn: \(prepared.explain(result))")
    }
    return result.ending.exitCode
  }
}
