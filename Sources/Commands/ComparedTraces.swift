import Machine
import MemoryTraces
import Reports
import TraceFiles
import TraceReplay

/// Traces whose replays are compared.
struct ComparedTraces {
  let session: ReplaySession

  init(_ traces: [String], _ options: TraceOptions) throws(TraceError) {
    try options.check(traces)
    if traces.contains("-") {
      throw TraceError(.usage, "standard input is read once, and each column reads the traces")
    }
    session = ReplaySession(traces: traces, options: options)
  }

  /// Whether words name traces and no program: the first is a file that begins as one of them.
  static func areMeant(by words: [String], _ options: TraceOptions) -> Bool {
    guard let first = words.first else { return false }
    return options.isGiven || MemoryTraceFile.isTrace(first)
  }

  func compare(_ session: CompareSession) throws(MachineError) -> Comparison {
    var replays = self.session
    var notes: [String] = []
    let recorder: TracedMachine?
    do throws(TraceError) { recorder = try replays.recorder() } catch { throw MachineError(error) }
    // A kernel that some columns have and others have not would be their difference.
    if let recorder {
      let own = session.columns.filter { column in
        (try? column.configuration.get().described())?.isRecorder(recorder) ?? false
      }
      if !own.isEmpty && own.count < session.columns.count {
        replays.isServed = true
        notes.append(
          "the recorded kernel is of one of these machines: it was left out of all columns")
      }
    }
    let chosen = replays
    let columns = try session.run { column in (Self.play(chosen, column), nil) }
    return Comparison(command: replays.traces, columns: columns, notes: notes)
  }

  private static func play(
    _ replays: ReplaySession, _ column: MachineColumn
  ) -> Comparison.Column {
    do throws(MachineError) {
      let machine = try column.configuration.get().described()
      do throws(TraceError) {
        let report = try replays.play(try replays.opened(), on: machine) { true }
        if let failure = report.result.failure, report.result.accesses == 0 { throw failure }
        return .init(words: column.words, report)
      } catch { throw MachineError(error) }
    } catch {
      return .init(words: column.words, outcome: .failed("\(error)"))
    }
  }
}

extension MachineError {
  /// What is wrong with traces, where machines are compared.
  init(_ error: TraceError) {
    self = error.kind == .usage ? .usage("\(error)") : .failure("\(error)")
  }
}
