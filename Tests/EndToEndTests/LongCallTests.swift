import Foundation
import Testing

/// Long calls in a machine, or a memory group, that has too little for them at once: none comes back
/// short, and none goes beyond its limit.
@Suite struct LongCallTests {
  private func run(_ words: [String], _ what: String) throws -> Kilburn.Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "kilburn-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let program = try GuestPrograms.program("shortness")
    return try Kilburn.run(
      ["run", "--quiet", "--bind", "\(folder.path):/disk:rw"] + words + ["--", program, what])
  }

  /// Files of one and a half times the RAM are written, read, mapped and copied: what was written
  /// back makes room.
  @Test(arguments: ["4K", "64K"])
  func filesLargerThanTheMemory(pageSize: String) throws {
    let run = try run(["--ram", "64M", "--page-size", pageSize], "disk")
    #expect(run.status == 0, "\(run)")
    #expect(
      run.output == """
        disk: short 0, wrong 0
        mapped: wrong 0
        sendfile: 100663296 of 100663296

        """, "\(run)")
  }

  /// A write to memory, fallocate, MAP_POPULATE and mlock of more than is free send other pages to
  /// swap.
  @Test func callsThatSendOthersToSwap() throws {
    let run = try run(["--ram", "64M", "--swap", "128M"], "memory")
    #expect(run.status == 0, "\(run)")
    #expect(
      run.output == """
        tmpfs write: 20
        fallocate: 0
        blocks: 20
        held: wrong 0
        populated: the last quarter 100%
        held: wrong 0
        populate: 0
        lock: 0
        held: wrong 0

        """, "\(run)")
  }

  @Test(arguments: ["4K", "64K"])
  func readsStayWithinAGroup(pageSize: String) throws {
    let run = try run(["--page-size", pageSize], "group")
    #expect(run.status == 0, "\(run)")
    #expect(run.output == "read: 32\npeak: within\n", "\(run)")
  }
}
