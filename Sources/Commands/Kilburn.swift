package import ArgumentParser

/// The command line: a verb, then its own words.
package struct Kilburn: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "kilburn",
    abstract: "The Linux/arm64 memory system, from malloc to the MMU, in Swift.",
    version: "0.1",
    subcommands: [
      Run.self,
      Compare.self,
      Trace.self,
      LayoutCommand.self,
      DecodeCommand.self,
      CPUInfoCommand.self,
      CoreCommand.self,
      Tables.self,
      Walk.self,
      MemInfoCommand.self,
      ReplayCommand.self,
      SlabCommand.self,
      Inspect.self,
      Heap.self,
      Doctor.self,
    ])

  package init() {}

  /// Does what this process was started with, and exits.
  package static func start() {
    Stream.replaceClosed()
    main()
  }
}
