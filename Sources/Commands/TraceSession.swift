import BoardFormat
import Glibc
import Machine
import Reports

/// Everything between the words of `kilburn trace` and its exit code.
struct TraceSession {
  private let guest: Guest
  private let machine: MachineDescription
  private let filter: TraceFilter
  private let form: TraceLog.Form
  /// Where the log goes.
  private let descriptor: Int32

  var kernel: String?
  var timeout: Int?

  init(
    _ words: [String], machine: MachineConfiguration, filter: TraceFilter, form: TraceLog.Form,
    output: String?
  ) throws(MachineError) {
    self.machine = try machine.described()
    self.filter = filter
    self.form = form
    guest = try Guest(
      program: words[0], arguments: Array(words.dropFirst()), configuration: machine,
      standardInput: try Self.standardInput())
    guard let output else {
      descriptor = Stream.error.rawValue
      return
    }
    descriptor = unsafe open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .failure("--output \(output): \(HostFile.reason())") }
  }

  func run() throws(MachineError) -> Int32 {
    var run = MachineRun(
      machine: machine, emulator: try Emulator(),
      kernel: try KernelImage(
        path: kernel, isSanitized: machine.configuration.isSanitized))
    run.timeout = timeout
    run.traced = filter.traced
    let guest = guest
    var log = TraceLog(
      form: form, filter: filter, machine: machine,
      symbolizer: TraceSymbolizer { path in
        guest.hostFile(at: path).flatMap { HostFile.contents(of: $0, limit: 1 << 28) }
      })
    let result = try run.run(
      guest,
      output: { stream, bytes in
        (stream == .standardOutput ? Stream.output : .error).write(bytes)
      }, trace: { _ = write(log.receive($0)) })
    guard write(log.finish()) else { throw .failure("the log: \(HostFile.reason())") }
    switch result.ending {
    case .exited, .signalled, .outOfMemory, .stopped, .interrupted, .outputClosed: break
    case .notStarted, .kernelFault, .timedOut, .emulatorFailed:
      for line in result.log.suffix(100) { Stream.error.line(line) }
      let report = RunReport(machine: machine, arguments: guest.arguments, result: result)
      Stream.error.line("kilburn: \(report.program) \(report.endingText)")
    }
    return result.ending.exitCode
  }

  private func write(_ text: String) -> Bool {
    text.isEmpty || Stream.write(Array(text.utf8), to: descriptor)
  }

  private static func standardInput() throws(MachineError) -> [UInt8]? {
    Stream.input.isTerminal ? nil : try StandardInput.everything {}
  }
}
