import Foundation
import ProbeComparison
import Testing

/// The load programs beside the recordings print what they print under user-mode emulation.
@Suite(.enabled(if: Checkout.hasRecordings), .serialized) struct LoadProgramTests {
  @Test(
    arguments: [
      ("churn", ["1", "20000"]), ("bst", ["1"]), ("seq", ["16", "3"]), ("rand", ["16", "2"]),
    ] as [(String, [String])], Pages.all)
  func printsAsUserModeEmulation(load: (String, [String]), pages: Pages) throws {
    let source = Checkout.recordings.deletingLastPathComponent()
      .appending(path: "bench/\(load.0).c")
    let program = try GuestPrograms.compile(source, load.0, ["-O2", "-static", "-w"])
    let expected = try Kilburn.execute("/usr/bin/env", ["qemu-aarch64", program] + load.1)
    let ours = try Kilburn.run(["run", "--quiet"] + pages.options + ["--", program] + load.1)
    #expect(ours.status == expected.status, "\(ours.errors)")
    #expect(ours.output == expected.output)
  }
}
