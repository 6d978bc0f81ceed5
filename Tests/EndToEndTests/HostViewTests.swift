import Foundation
import ProbeComparison
import Testing

/// The views of the host through the built tool: `cpuinfo`, `meminfo`.
@Suite struct HostViewTests {
  private func object(_ run: Kilburn.Result) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any], "\(run)")
  }

  @Test func theProcessorsOfThisMachineAreExplained() throws {
    let run = try Kilburn.run(["cpuinfo"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
    #expect(run.output.contains("This kernel's pages are"), "\(run.output)")
    #expect(!run.output.contains("\u{1b}"))
    let json = try object(try Kilburn.run(["cpuinfo", "--json"]))
    #expect(json["format"] as? String == "kilburn-cpuinfo")
    let cpus = try #require(json["cpus"] as? Int)
    #expect(cpus > 0)
  }

  @Test func theGuestsProcessorIsExplained() throws {
    let program = try GuestPrograms.program("show")
    let guest = try Kilburn.run(["run", "-q", "--core", "cortex-a57", program, "/proc/cpuinfo"])
    let file = FileManager.default.temporaryDirectory.appending(path: "kilburn-\(UUID()).cpuinfo")
    defer { try? FileManager.default.removeItem(at: file) }
    try guest.output.write(to: file, atomically: true, encoding: .utf8)
    let run = try Kilburn.run(["cpuinfo", "--file", file.path])
    #expect(run.output.contains("CPU 0: Arm Cortex-A57 r1p0"), "\(run)")
    #expect(run.output.contains("44 bits: 16T"), "\(run)")
    #expect(!run.output.contains("This kernel"), "\(run)")
  }

  @Test func whereTheMemoryOfThisMachineIs() throws {
    let run = try Kilburn.run(["meminfo"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
    for part in ["Where it is", "counted", "What should hold", "Memory as a whole"] {
      #expect(run.output.contains(part), "\(part)")
    }
    let json = try object(try Kilburn.run(["meminfo", "--json"]))
    let places = try #require(json["whereabouts"] as? [[String: Any]])
    let remainder = try #require(json["remainder"] as? [String: Int])
    let total = try #require(json["total"] as? Int)
    #expect(
      places.reduce(0) { $0 + ($1["size"] as? Int ?? 0) } + (remainder["low"] ?? 0) == total)
  }

  @Test func memoryIsWatched() throws {
    let run = try Kilburn.run(["meminfo", "--watch", "--interval", "0.02", "--count", "3"])
    #expect(run.status == 0)
    #expect(run.output.components(separatedBy: "Where it is").count == 4, "\(run.output)")
    #expect(run.output.contains("hanged"), "\(run.output)")
    let lines = try Kilburn.run(
      ["meminfo", "--watch", "--interval", "0.02", "--count", "2", "--json"])
    #expect(lines.output.split(separator: "\n").count == 2)
  }

  /// Our own guest's meminfo, and those that real kernels wrote.
  @Test func recordedTextsAreExplained() throws {
    let program = try GuestPrograms.program("show")
    let guest = try Kilburn.run(["run", "-q", program, "/proc/meminfo"])
    let file = FileManager.default.temporaryDirectory.appending(path: "kilburn-\(UUID()).meminfo")
    defer { try? FileManager.default.removeItem(at: file) }
    try guest.output.write(to: file, atomically: true, encoding: .utf8)
    var files = [file.path]
    if Checkout.hasRecordings {
      files += ["4k48", "16k47", "64k42", "4k48kasan"].map {
        Checkout.recordings.appending(path: "\($0)/meminfo").path
      }
    }
    for file in files {
      let json = try object(try Kilburn.run(["meminfo", "--file", file, "--json"]))
      let identities = try #require(json["identities"] as? [[String: Any]])
      #expect(identities.count > 8)
      for identity in identities {
        #expect(identity["holds"] as? Bool == true, "\(file): \(identity)")
      }
      let lines = try #require(json["lines"] as? [[String: Any]])
      #expect(lines.allSatisfy { $0["meaning"] is String }, "\(file)")
    }
  }

  @Test(arguments: [
    (["meminfo", "--file", "/dev/null"], "it does not say MemTotal"),
    (["cpuinfo", "--file", "/absent"], "/absent: No such file or directory"),
    (["cpuinfo", "--file", "/dev/null"], "there is no processor in it"),
  ]) func whatCannotBeReadIsAnError(words: [String], cause: String) throws {
    let run = try Kilburn.run(words)
    #expect(run.status == 1, "\(run)")
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(cause), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
  }
}
