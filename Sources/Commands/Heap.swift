import ArgumentParser

/// `kilburn heap`: what glibc's malloc makes of its memory.
struct Heap: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "What glibc's malloc makes of memory: heaps laid open, traces replayed and explained.",
    subcommands: [
      HeapInspect.self, HeapReplayCommand.self, HeapReportCommand.self, HeapConvert.self,
    ])
}
