import Foundation
import Testing

/// The multi-generational LRU, turned on and off by its file.
@Suite struct GenerationTests {
  /// What the files say is what Linux's say, byte for byte, on a core that notes no accesses.
  @Test func theFilesSayWhatLinuxSays() throws {
    let program = try GuestPrograms.program("generations")
    let recorded = Kilburn.checkout.appending(
      path: "Tests/EndToEndTests/Probes/Pressure/lru-gen-files.4k48gen.txt")
    let run = try Kilburn.run(["run", "--quiet", "--hw-afdbm", "off", "--", program])
    #expect(run.status == 0, "\(run)")
    let text = try String(contentsOf: recorded, encoding: .utf8)
    #expect(run.output == text, "\(run)")
    // Where the core notes them, tables are walked.
    let walking = try Kilburn.run(["run", "--quiet", "--hw-afdbm", "on", "--", program])
    let lines = walking.output.split(separator: "\n").filter { $0.hasPrefix("/sys") }
    #expect(
      lines.map { $0.split(separator: " ")[1] } == [
        "0x0003", "0", "0x0000", "0x0003", "0x0001", "0x0003", "0x0003", "1000", "0x0000",
      ], "\(walking)")
  }

  /// Three programs larger than RAM together lose nothing while the policy changes under them.
  @Test(arguments: Pages.all, ["on", "off"])
  func aSwitchUnderLoadLosesNothing(pages: Pages, notes: String) throws {
    let program = try GuestPrograms.program("generations")
    let run = try Kilburn.run(
      ["run", "--quiet", "--ram", "128M", "--swap", "256M", "--hw-afdbm", notes] + pages.options
        + ["--", program, "60", "58720256"])
    #expect(run.status == 0, "\(run)")
    #expect(run.output == "wrong 0\n", "\(run)")
  }

  /// What was used within the time that is promised is kept, and somebody dies for it; without a
  /// promise the same programs swap and end.
  @Test func aPromisedWorkingSetIsKept() throws {
    let program = try GuestPrograms.program("generations")
    let options = ["run", "--quiet", "--ram", "128M", "--swap", "256M", "--"]
    let patient = try Kilburn.run(options + [program, "1", "58720256", "0"])
    #expect(patient.output == "wrong 0\n", "\(patient)")
    let promised = try Kilburn.run(options + [program, "1", "58720256", "600000"])
    #expect(promised.output == "wrong 0, some killed\n", "\(promised)")
  }
}
