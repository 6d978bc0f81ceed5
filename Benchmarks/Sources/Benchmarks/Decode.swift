import ArgumentParser
import Foundation

/// What a million addresses cost `kilburn decode`, beside a program that only reads and prints them.
struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "CPU time of decoding a million addresses, beside reading and printing them.")

  @Option(help: "Runs of each; the least counts.")
  var runs = 3

  mutating func run() throws {
    let folder = Guest.checkout.appending(path: ".build/benchmarks")
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true)
    let list = folder.appending(path: "addresses")
    var state: UInt64 = 1
    var text = ""
    for _ in 0..<1_000_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // Half of them in the linear map, where there is most to say.
      let address = state >> 63 == 0 ? state | 0xffff << 48 & ~(1 << 47) : state
      text += String(address, radix: 16) + "\n"
    }
    try text.write(to: list, atomically: true, encoding: .utf8)
    let tool = Guest.checkout.appending(path: ".build/release/kilburn").path
    let floor = try least("perl -ne 'printf \"%016x\\n\", hex'", list)
    let text1 = try least("'\(tool)' decode", list)
    let json = try least("'\(tool)' decode --json", list)
    print("reading and printing (perl)", String(format: "%.2f s", floor))
    for (name, seconds) in [("decode", text1), ("decode --json", json)] {
      print(name, String(format: "%.2f s, %.2f of that", seconds, seconds / floor))
    }
  }

  private func least(_ command: String, _ list: URL) throws -> Double {
    try (0..<max(1, runs)).map { _ in
      try Measured("/bin/sh", ["-c", "\(command) < '\(list.path)' > /dev/null 2>&1"])
        .processorSeconds
    }.min() ?? 0
  }
}
