import Dispatch
import Glibc
import Machine
import Observation
import Reports
import Synchronization

/// The runs of a comparison, several at a time.
struct CompareSession {
  var command: [String]
  var columns: [MachineColumn]
  var kernel: String?
  var timeout: Int?
  var jobs: Int
  /// How runs are observed, if they are.
  var observer: ObserverOptions?

  /// What the jobs have in common.
  private struct State {
    var next = 0
    var columns: [Comparison.Column?]
    var done: Int { columns.count { $0 != nil } }
    /// The signal that ended a run: nothing is begun after it.
    var signal: Int32?
  }

  /// Runs everything and puts the columns together.
  func run() throws(MachineError) -> Comparison {
    let input = Stream.input.isTerminal ? [] : try StandardInput.everything {}
    let emulator = try Emulator()
    let state = Mutex(State(columns: columns.map { _ in nil }))
    let begin = Self.now()
    DispatchQueue.concurrentPerform(iterations: min(jobs, columns.count)) { _ in
      while true {
        let index = state.withLock { state -> Int? in
          guard state.signal == nil, state.next < columns.count else { return nil }
          state.next += 1
          return state.next - 1
        }
        guard let index else { return }
        let outcome = outcome(of: columns[index], input, emulator)
        let (done, isInterrupted) = state.withLock { state -> (Int, Bool) in
          state.columns[index] = outcome.column
          state.signal = state.signal ?? outcome.signal
          return (state.done, state.signal != nil)
        }
        // The others hear it, too: each takes one.
        if let signal = outcome.signal, isInterrupted, done < state.withLock({ $0.next }) {
          kill(getpid(), signal)
        }
        progress(done, since: begin)
      }
    }
    progress(nil, since: begin)
    let (finished, signal) = state.withLock { ($0.columns, $0.signal) }
    if let signal {
      throw .failure("interrupted by signal \(signal), after \(finished.count { $0 != nil }) runs")
    }
    return Comparison(
      command: command,
      columns: zip(columns, finished).map { column, finished in
        finished ?? .init(words: column.words, outcome: .failed("it was not run"))
      })
  }

  private func outcome(
    of column: MachineColumn, _ input: [UInt8], _ emulator: Emulator
  ) -> (column: Comparison.Column, signal: Int32?) {
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

  private static func now() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Says on a terminal how far it is; nil takes it back.
  private func progress(_ done: Int?, since begin: Double) {
    guard Stream.error.isTerminal else { return }
    var text = ""
    if let done, done > 0 {
      let left = (Self.now() - begin) * Double(columns.count - done) / Double(done)
      text = "\(done)/\(columns.count) runs, about \(Int(left.rounded(.up))) s left …"
    }
    Stream.error.write(Array("\r\u{1b}[K\(text)".utf8))
  }
}

/// The processors that this process may use.
enum HostProcessors {
  static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
