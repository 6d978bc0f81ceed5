import ArgumentParser
import Foundation

/// Wall time of `kilburn inspect` on a process of many touched pages.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Wall time of inspecting a process of this host with gigabytes of touched pages.")

  @Option(help: "Gigabytes that the process touches.")
  var gigabytes = 10

  mutating func run() throws {
    let program = Guest.checkout.appending(path: ".build/benchmarks/touched").path
    try FileManager.default.createDirectory(
      atPath: Guest.checkout.appending(path: ".build/benchmarks").path,
      withIntermediateDirectories: true)
    let source = Guest.folder.appending(path: "Programs/touched.c").path
    let built = try Measured("/usr/bin/env", ["cc", "-O1", "-o", program, source])
    guard built.status == 0 else { throw ValidationError("\(source): \(built.errors)") }
    print("touched".padded(24), "areas".leading(8), "wall s".leading(8), "CPU s".leading(8))
    for (name, arguments) in [
      ("\(gigabytes)G, every page", ["\(gigabytes)", "1", "1"]),
      ("\(gigabytes)G, every other", ["\(gigabytes)", "2", "1"]),
      ("1G, 30,000 areas", ["1", "1", "30000"]),
    ] {
      let process = Process()
      let output = Pipe()
      process.executableURL = URL(filePath: program)
      process.arguments = arguments
      process.standardOutput = output
      try process.run()
      defer {
        process.terminate()
        process.waitUntilExit()
      }
      guard !output.fileHandleForReading.availableData.isEmpty else {
        throw ValidationError("\(name): the program could not get its memory")
      }
      let run = try Guest.kilburn(["inspect", "\(process.processIdentifier)"])
      guard run.status == 0 else { throw ValidationError("\(name): \(run.errors)") }
      print(
        name.padded(24), arguments[2].leading(8), String(format: "%8.2f", run.wallSeconds),
        String(format: "%8.2f", run.processorSeconds))
    }
  }
}
