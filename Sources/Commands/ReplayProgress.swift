import Glibc
import MemoryTraces
import Synchronization
import TraceFiles
import TraceReplay

/// Says on a terminal how far a replay is; the first Ctrl-C ends it with what there is, a second one
/// ends the process.
final class ReplayProgress {
  private let traces: [ReplayedTrace]
  private let isShown = Stream.error.isTerminal
  private var last = 0

  init(_ traces: [ReplayedTrace]) {
    self.traces = traces
    Interruption.listen()
  }

  /// Whether to go on.
  func tick() -> Bool {
    if Interruption.isAsked { return false }
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

/// Whether somebody has asked to end what goes on, by SIGINT or SIGTERM.
enum Interruption {
  private static let asked = Atomic<Bool>(false)

  static var isAsked: Bool { asked.load(ordering: .relaxed) }

  /// Listens from here on; the second signal is the system's to serve.
  static func listen() {
    // Made before a signal can come.
    asked.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      Glibc.signal(number) { number in
        Interruption.asked.store(true, ordering: .relaxed)
        Glibc.signal(number, SIG_DFL)
      }
    }
  }
}
