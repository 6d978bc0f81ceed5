import Dispatch
import Glibc
import Machine
import Reports
import Synchronization

/// The columns of a comparison, several at a time.
struct CompareSession {
  var columns: [MachineColumn]
  var jobs: Int

  /// What comes of a column, and the signal that ended it, if one did.
  typealias Result = (outcome: Comparison.Column, signal: Int32?)

  /// What the jobs have in common.
  private struct State {
    var next = 0
    var columns: [Comparison.Column?]
    var done: Int { columns.count { $0 != nil } }
    /// The signal that ended a run: nothing is begun after it.
    var signal: Int32?
  }

  /// Makes each column of its machine, so many at the same time.
  func run(
    _ make: @Sendable (MachineColumn) -> Result
  ) throws(MachineError) -> [Comparison.Column] {
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
        let result = make(columns[index])
        let (done, isInterrupted) = state.withLock { state -> (Int, Bool) in
          state.columns[index] = result.outcome
          state.signal = state.signal ?? result.signal
          return (state.done, state.signal != nil)
        }
        // The others hear it, too: each takes one.
        if let signal = result.signal, isInterrupted, done < state.withLock({ $0.next }) {
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
    return zip(columns, finished).map { column, finished in
      finished ?? .init(words: column.words, outcome: .failed("it was not run"))
    }
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
