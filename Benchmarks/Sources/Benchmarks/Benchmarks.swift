import ArgumentParser

/// The entry: one subcommand a family of figures.
@main struct Benchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmarks",
    abstract: "Measures the kernel beside real Linux on the same board.",
    subcommands: [
      Operations.self, Swapping.self, KernelOperations.self, Programs.self, Boot.self, Decode.self,
      Tables.self,
      Inspect.self, HeapReplay.self, Malloc.self, MallocRun.self, Model.self,
      Observe.self, Traces.self,
    ])
}
