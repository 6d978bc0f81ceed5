import ArgumentParser
import Foundation
import ModelFloor

/// CPU time of observed programs beside real Linux under a small plugin of C, in the same run.
///
/// The plugin (`../shared/bench/qemu_memory_plugin.c`) counts accesses (`mem`), or shows those to
/// data to one TLB and one cache (`sim`). Ours shows them, and the instructions, to the whole core.
/// The limit is `mem` and 1.5 times what a tight C loop needs for as many accesses to data of the
/// stream that is most like the program's.
struct Observe: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "CPU time of observed programs beside Linux under a plugin of C.")

  @Option(help: "Rounds of each program.")
  var runs = 1

  /// The programs with the stream that each is like.
  static let loads: [(name: String, arguments: [String], stream: String)] = [
    ("churn", ["2", "20000"], "mixed"), ("bst", ["1"], "random"),
    ("seq", ["64", "10"], "sequential"), ("rand", ["64", "10"], "random"),
  ]

  mutating func run() throws {
    let shared = Guest.checkout.deletingLastPathComponent().appending(path: "shared")
    let folder = Guest.checkout.appending(path: ".build/benchmarks")
    let image = folder.appending(path: "4k48hw.img").path
    let plugin = folder.appending(path: "memory-plugin.so").path
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    _ = try Measured(
      "/bin/sh",
      ["-c", "zcat \(shared.path)/linux/images/4k48hw.gz > \(image)"])
    let compiled = try Measured(
      "/usr/bin/env",
      [
        "gcc", "-O2", "-shared", "-fPIC", "-w", "-o", plugin,
        shared.appending(path: "bench/qemu_memory_plugin.c").path,
      ])
    guard compiled.status == 0 else {
      throw ValidationError("the plugin to compare with is not beside the checkout")
    }
    print("CPU seconds: Linux mem, Linux sim, the floor's, the limit, ours, ours ÷ limit")
    for load in Self.loads {
      let program = try Guest.compile(
        shared.appending(path: "bench/\(load.name).c"), load.name)
      let floor = Self.floor(load.stream)
      for _ in 0..<runs {
        let linux = try ["mem", "sim"].map { mode in
          try Measured(
            "/usr/bin/env",
            [
              "QEMU=\(try Self.emulator(folder, plugin, mode))",
              shared.appending(path: "linux/boot-linux").path, "--kernel", image, program,
            ] + load.arguments
          ).processorSeconds
        }
        let json = folder.appending(path: "observed.json").path
        let ours = try Guest.kilburn(
          ["run", "--quiet", "--observe", "--json", json] + Guest.options("4K")
            + ["--", program] + load.arguments)
        let least = floor * Double(try Self.accesses(json))
        let limit = linux[0] + 1.5 * least
        print(
          load.name.padded(8),
          (linux + [least, limit, ours.processorSeconds, ours.processorSeconds / limit]).map {
            String(format: "%8.2f", $0)
          }.joined())
      }
    }
  }

  /// A script that runs QEMU with the plugin.
  private static func emulator(_ folder: URL, _ plugin: String, _ mode: String) throws -> String {
    let script = folder.appending(path: "qemu-\(mode)").path
    try "#!/bin/sh\nexec qemu-system-aarch64 \"$@\" -plugin \(plugin),mode=\(mode)\n".write(
      toFile: script, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    return script
  }

  /// Seconds that the tight loop needs for an access.
  private static func floor(_ stream: String) -> Double {
    let count = 16_000_000
    let packed = Model.addresses(stream, count).enumerated().map { $1 << 1 | UInt64($0 & 1) }
    let best = (0..<3).map { _ in
      Model.seconds { _ = unsafe floor_core(packed, UInt64(packed.count)) }
    }.min()
    return (best ?? 0) / Double(count)
  }

  /// The accesses to data that an observed run counted.
  private static func accesses(_ path: String) throws -> UInt64 {
    let object =
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
      as? [String: Any]
    let hardware = object?["hardware"] as? [String: Any]
    var sum: UInt64 = 0
    for who in ["user", "kernel"] {
      for kind in ["loads", "stores", "clears"] {
        let row = (hardware?[who] as? [String: Any])?[kind] as? [String: Any]
        sum += row?["accesses"] as? UInt64 ?? 0
      }
    }
    return sum
  }
}
