import Foundation
import Testing

/// A kernel image and a tool that were not built from the same sources say so, and what to do.
@Suite struct BoardVersionTests {
  /// Runs the image with another number of the board file's version in its header: 0 is what images
  /// had before there were versions.
  @Test(
    arguments: [
      (0, "is a kernel for an older board file"),
      (1, "is a kernel for version 1 of the board file"),
      (77, "is a kernel for version 77 of the board file"),
    ] as [(UInt8, String)])
  func anImageOfOtherSources(_ number: UInt8, _ said: String) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var bytes = try Data(
      contentsOf: Kilburn.checkout.appending(path: ".build/kernel/kernel.img"))
    bytes[32] = number
    let image = folder.appending(path: "kernel.img")
    try bytes.write(to: image)
    let run = try Kilburn.run(
      ["run", "--kernel", image.path, "--", try GuestPrograms.program("memory")])
    #expect(run.status == 125)
    #expect(run.errors.contains("kernel.img \(said), this kilburn makes version"), "\(run.errors)")
    #expect(run.errors.contains("'make all' builds both from the same sources"))
    #expect(run.output.isEmpty)
  }
}
