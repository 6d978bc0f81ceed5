import ArgumentParser
import Foundation

/// CPU time of PTMalloc on a buffer of this process against the C library's own malloc doing the
/// same calls.
///
/// Each run is a process of its own, so that neither side finds what the other, or the run before,
/// left; the two take turns.
struct Malloc: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "CPU time of PTMalloc against this machine's malloc, stream by stream.")

  @Option(help: "Million calls a stream.")
  var calls = 10

  @Option(help: "Runs of each, taking turns; the least counts.")
  var runs = 5

  @Option(help: "Only the streams whose name begins so.")
  var only = ""

  mutating func run() throws {
    print("stream           malloc   PTMalloc  ratio   (ns of CPU a call)")
    for kind in MallocStream.Kind.allCases where kind.rawValue.hasPrefix(only) {
      var real = Double.infinity
      var ours = Double.infinity
      for _ in 0..<max(1, runs) {
        real = min(real, try measure(kind, .library))
        ours = min(ours, try measure(kind, .ptmalloc))
      }
      print(
        kind.rawValue.padding(toLength: 14, withPad: " ", startingAt: 0),
        String(format: "%8.1f %10.1f %6.2f", real, ours, ours / real))
    }
  }

  private func measure(_ kind: MallocStream.Kind, _ side: MallocRun.Side) throws -> Double {
    let measured = try Measured(
      "/proc/self/exe", ["malloc-run", kind.rawValue, side.rawValue, "--calls", "\(calls)"])
    guard measured.status == 0,
      let time = Double(measured.output.trimmingCharacters(in: .whitespacesAndNewlines))
    else {
      throw ValidationError("\(kind.rawValue) on \(side.rawValue): \(measured.errors)")
    }
    return time
  }
}

/// One stream on one side: what `malloc` starts, and what a profiler does.
struct MallocRun: ParsableCommand {
  enum Side: String, ExpressibleByArgument {
    case library
    case ptmalloc
  }

  static let configuration = CommandConfiguration(
    commandName: "malloc-run", abstract: "One run of one stream: nanoseconds of CPU a call.",
    shouldDisplay: false)

  @Argument var kind: MallocStream.Kind
  @Argument var side: Side
  @Option(help: "Million calls.") var calls = 10

  mutating func run() throws {
    let stream = MallocStream(kind, calls: calls * 1_000_000)
    let seconds = side == .library ? stream.runOnLibrary() : try stream.runOnPTMalloc()
    print(seconds * 1e9 / Double(stream.steps.count))
  }
}

extension MallocStream.Kind: ExpressibleByArgument {}
