import Foundation
import Testing

/// 32-bit programs: own ones beside what they printed on Debian's kernel, Debian's armhf busybox
/// beside user-mode emulation, and hostile ones.
///
/// They need `gcc-arm-linux-gnueabihf` with `libc6-dev-armhf-cross`, and busybox in
/// `.build/debian-armhf` (`Scripts/make-sysroot --arch armhf .build/debian-armhf busybox-static`);
/// what is missing is said, and skipped.
@Suite(.serialized) struct CompatTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Compat")
  static let compiler = "/usr/bin/arm-linux-gnueabihf-gcc"
  static let hasCompiler = FileManager.default.isExecutableFile(atPath: compiler)
  static let busybox = Kilburn.checkout.appending(path: ".build/debian-armhf/bin/busybox").path
  static let hasBusybox = FileManager.default.isExecutableFile(atPath: busybox)

  static func compile(
    _ name: String, _ flags: [String], in folder: URL = folder
  ) throws -> String {
    let target = try GuestPrograms.folder().appending(path: name).path
    let result = try Kilburn.execute(
      compiler,
      ["-O1", "-static", "-w", "-o", target, folder.appending(path: name + ".c").path] + flags)
    try #require(result.status == 0, "\(result.errors)")
    return target
  }

  @Test(
    .enabled(if: hasCompiler, "gcc-arm-linux-gnueabihf is missing"),
    arguments: ["layout", "faults"])
  func printsWhatLinuxPrinted(name: String) throws {
    let program = try Self.compile(name, ["-mthumb"])
    let expected = try String(
      contentsOf: Self.folder.appending(path: name + ".txt"), encoding: .utf8)
    let ours = try Kilburn.run(["run", "--quiet", "--core", "cortex-a72", "--", program])
    #expect(ours.output == expected)
    #expect(ours.status == 0)
  }

  @Test(.enabled(if: hasCompiler, "gcc-arm-linux-gnueabihf is missing"))
  func survivesRandomCallsFramesAndInstructions() throws {
    let program = try Self.compile("fuzz", ["-marm"])
    let ours = try Kilburn.run(
      ["run", "--quiet", "--core", "cortex-a72", "--", program, "400"])
    #expect(ours.output == "400 rounds, all told: 400\n", "\(ours.errors)")
  }

  @Test(.enabled(if: hasBusybox, "busybox for armhf is missing: see CompatTests"))
  func busyboxAnswersAsUserModeEmulation() throws {
    let folder = try BusyboxTests.inputs()
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appending(path: "small")
    for command in BusyboxTests.commands {
      let arguments = command.map { $0.replacingOccurrences(of: "FOLDER", with: folder.path) }
      let expected = try Kilburn.execute(
        "/usr/bin/env", ["qemu-arm", "-0", "busybox", Self.busybox] + arguments, input: input,
        environment: BusyboxTests.environment)
      let ours = try Kilburn.run(
        ["run", "--quiet", "--core", "cortex-a72"]
          + ["--env", "TZ=UTC", "--bind", "\(folder.path):\(folder.path)"]
          + ["--bind", "\(folder.path)/etc:/etc", "--", Self.busybox] + arguments, input: input)
      #expect(ours.status == expected.status, "\(arguments) \(ours.errors)")
      #expect(ours.output == expected.output, "\(arguments)")
    }
  }

  @Test(.enabled(if: hasCompiler, "gcc-arm-linux-gnueabihf is missing"))
  func largerPagesAreRefusedInASentence() throws {
    let program = try Self.compile("layout", ["-mthumb"])
    let ours = try Kilburn.run(["run", "--page-size", "64K", "--", program])
    #expect(ours.status == 125)
    #expect(ours.errors.contains("is a 32-bit arm program, which runs with 4K pages only"))
  }

  /// The CPU under it would run them: the core that was asked for would not.
  @Test(.enabled(if: hasCompiler, "gcc-arm-linux-gnueabihf is missing"))
  func aCoreWithoutAArch32RefusesThem() throws {
    let program = try Self.compile("layout", ["-mthumb"])
    let ours = try Kilburn.run(["run", "--core", "neoverse-v2", "--", program])
    #expect(ours.status == 125)
    #expect(ours.errors.contains("is a 32-bit arm program, and neoverse-v2 runs none"))
  }
}
