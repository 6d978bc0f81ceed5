import Foundation
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

  @Test(arguments: [
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
