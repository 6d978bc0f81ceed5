import Machine
import Observation
import Reports

/// A program whose runs are compared.
struct ComparedRuns {
  var command: [String]
  var kernel: String?
  var timeout: Int?
  /// How runs are observed, if they are.
  var observer: ObserverOptions?

  func compare(_ session: CompareSession) throws(MachineError) -> Comparison {
    let input = Stream.input.isTerminal ? [] : try StandardInput.everything {}
    let emulator = try Emulator()
    return Comparison(
      command: command, columns: try session.run { run($0, input, emulator) })
  }

  private func run(
    _ column: MachineColumn, _ input: [UInt8], _ emulator: Emulator
  ) -> CompareSession.Result {
    var finished = Comparison.Column(words: column.words, outcome: .failed(""))
    do throws(MachineError) {
      let configuration = try column.configuration.get()
      let machine = try configuration.described()
      let guest = try Guest(
        program: command[0], arguments: Array(command.dropFirst()), configuration: configuration,
        standardInput: input)
      var run = MachineRun(
        machine: machine, emulator: emulator,
        kernel: try KernelImage(path: kernel, isSanitized: configuration.isSanitized))
      run.timeout = timeout
      run.observer = try observer.map { options throws(MachineError) in try options.setup(machine) }
      if run.observer != nil { run.ramFile = try RAMFile() }
      let result = try run.run(guest, output: { _, _ in true })
      let report = RunReport(
        machine: machine, arguments: guest.arguments, executable: guest.executable, result: result)
      switch result.ending {
      case .exited, .signalled, .outOfMemory: finished.outcome = .ran(report)
      case .interrupted(let signal):
        finished.outcome = .failed(report.endingText)
        return (finished, signal)
      default: finished.outcome = .failed("\(report.program) \(report.endingText)")
      }
      if case .ran = finished.outcome, let file = run.observer?.file {
        guard let observation = Observation(file.contents(from: ObserverRequest.room)) else {
          throw .failure("the observer gave no answer: the emulator did not end by itself")
        }
        finished.hardware = .init(observation, report)
      }
    } catch {
      finished.outcome = .failed("\(error)")
    }
    return (finished, nil)
  }
}
