import Glibc
import MemoryTraces
import TraceFiles
import TraceReplay

/// Says on a terminal how far a replay is; a Ctrl-C ends it with what there is.
final class ReplayProgress {
  private let traces: [ReplayedTrace]
  private let isShown = Stream.error.isTerminal
  private var last = 0

  init(_ traces: [ReplayedTrace]) { self.traces = traces }

  /// Whether to go on.
  func tick() -> Bool {
    guard isShown else { return true }
    let now = Glibc.time(nil)
    guard now != last else { return true }
    last = now
    var done: UInt64 = 0
    var total: UInt64 = 0
    for trace in traces {
      let progress = trace.reader.progress
      done += progress.done
      total += progress.total ?? 0
    }
    let text =
      total > 0 ? "\(min(100, done * 100 / total)) %" : "\(done >> 20) MiB"
    Stream.error.write(Array("\r\u{1b}[Kreplaying … \(text)".utf8))
    return true
  }

  func end() {
    if isShown { Stream.error.write(Array("\r\u{1b}[K".utf8)) }
  }
}
