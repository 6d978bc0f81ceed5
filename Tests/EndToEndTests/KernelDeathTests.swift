import Foundation
import Testing

/// A kernel that dies says where, and the tool says that it was the kernel.
@Suite struct KernelDeathTests {
  /// An image whose `copy_page` is a trap, as a failed precondition in Swift is one.
  static func brokenImage(in folder: URL) throws -> URL {
    let built = Kilburn.checkout.appending(path: ".build/kernel")
    let symbols = try Kilburn.execute(
      "/usr/bin/env", ["aarch64-linux-gnu-nm", built.appending(path: "kernel.elf").path])
    let line = try #require(
      symbols.output.split(separator: "\n").first { $0.hasSuffix(" copy_page") })
    let offset = try #require(line.split(separator: " ").first.flatMap { Int($0, radix: 16) })
    var image = try Data(contentsOf: built.appending(path: "kernel.img"))
    image.replaceSubrange(offset..<offset + 4, with: [0x20, 0x00, 0x20, 0xd4])  // brk #1
    let broken = folder.appending(path: "kernel.img")
    try image.write(to: broken)
    return broken
  }

  @Test(arguments: Pages.all)
  func aTrapIsReportedWithWhoCalledWhat(pages: Pages) throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = try Kilburn.run(
      ["run", "--kernel", try Self.brokenImage(in: folder).path] + pages.options
        + ["--", try GuestPrograms.program("memory")])
    #expect(run.status == 125)
    for text in [
      "Kernel died: Swift runtime failure", "pc  copy_page+0x0", "(memory)", "x29 ", "called by",
      "AddressSpace.fileFault", "kernel_main",
    ] {
      #expect(run.errors.contains(text), "no '\(text)' in \(run.errors)")
    }
  }
}
