import ArgumentParser

/// `kilburn heap`: what glibc's malloc makes of its memory.
struct Heap: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What glibc's malloc makes of memory: heaps laid open, traces replayed.",
    subcommands: [HeapInspect.self, HeapReplayCommand.self, HeapConvert.self])
}
