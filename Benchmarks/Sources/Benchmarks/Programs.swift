import ArgumentParser
import Foundation

/// CPU time of whole programs, boot included, beside real Linux on the same board in the same run.
struct Programs: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "CPU time of four load programs beside Linux (needs the recordings' kernels).")

  @Option(help: "Pairs of runs of each program.")
  var runs = 3

  /// Arguments that make each run a few seconds.
  static let loads: [(name: String, arguments: [String])] = [
    ("churn", ["10", "20000"]), ("bst", ["1"]), ("seq", ["64", "30"]), ("rand", ["64", "30"]),
  ]

  mutating func run() throws {
    let shared = Guest.checkout.deletingLastPathComponent().appending(path: "shared")
    let image = Guest.checkout.appending(path: ".build/benchmarks/4k48hw.img").path
    let sources = shared.appending(path: "bench")
    guard FileManager.default.fileExists(atPath: sources.path) else {
      throw ValidationError("the recordings' kernels and programs are not beside the checkout")
    }
    try FileManager.default.createDirectory(
      atPath: Guest.checkout.appending(path: ".build/benchmarks").path,
      withIntermediateDirectories: true)
    _ = try Measured(
      "/bin/sh",
      ["-c", "zcat \(shared.path)/linux/images/4k48hw.gz > \(image)"])
    print(
      "program".padded(10), "linux s".leading(8), "ours s".leading(8), "ratio (median of \(runs))")
    for load in Self.loads {
      let program = try Guest.compile(sources.appending(path: "\(load.name).c"), load.name)
      var ratios: [(Double, Double)] = []
      for _ in 0..<runs {
        let linux = try Measured(
          shared.appending(path: "linux/boot-linux").path,
          ["--kernel", image, program] + load.arguments)
        let ours = try Guest.kilburn(
          ["run", "--quiet"] + Guest.options("4K") + ["--", program] + load.arguments)
        guard ours.status == linux.status else {
          throw ValidationError(
            "\(load.name): status \(ours.status), Linux \(linux.status): \(ours.errors)")
        }
        ratios.append((linux.processorSeconds, ours.processorSeconds))
      }
      let middle = ratios.sorted { $0.1 / $0.0 < $1.1 / $1.0 }[runs / 2]
      print(
        load.name.padded(10), String(format: "%8.2f", middle.0), String(format: "%8.2f", middle.1),
        String(format: "%.2f", middle.1 / middle.0))
    }
  }
}

/// What it takes to reach the first program's first instruction.
struct Boot: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Instructions and wall time from reset to a program's first instruction.")

  mutating func run() throws {
    let program = try Guest.build("operations")
    print("pages", "RAM".leading(6), "instructions".leading(14), "wall s, whole run".leading(18))
    for (size, ram) in [
      ("4K", "512M"), ("16K", "512M"), ("64K", "512M"), ("4K", "16G"), ("64K", "64G"),
    ] {
      let json = FileManager.default.temporaryDirectory.appending(
        path: "kilburn-boot-\(ProcessInfo.processInfo.processIdentifier).json")
      defer { try? FileManager.default.removeItem(at: json) }
      let run = try Guest.kilburn(
        ["run", "--quiet", "--page-size", size, "--ram", ram, "--json", json.path, "--", program])
      guard run.status == 0,
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: json))
          as? [String: Any],
        let instructions = object["instructions"] as? [String: Any]
      else { throw ValidationError("boot on \(size), \(ram): \(run.errors)") }
      print(
        size.leading(5), ram.leading(6), "\(instructions["boot"] ?? "?")".leading(14),
        String(format: "%18.2f", run.wallSeconds))
    }
  }
}
