import Foundation
import Testing

/// However a program ends, the tool says how, and the machine stays whole.
@Suite(.serialized) struct EndingTests {
  @Test(
    arguments: [
      (["exit", "0"], 0), (["exit", "7"], 7), (["exit", "255"], 255),
      (["nowhere"], 139), (["null"], 139), (["kernel"], 139), (["readonly"], 139), (["stack"], 139),
      (["data"], 139), (["undefined"], 132), (["privileged"], 132), (["breakpoint"], 133),
      (["abort"], 134), (["stuck"], 137), (["overwrite"], 0),
    ] as [([String], Int32)], Pages.all)
  func endsWithTheStatusOfLinux(ending: ([String], Int32), pages: Pages) throws {
    let program = try GuestPrograms.program("ending")
    let run = try Kilburn.run(
      ["run", "--quiet", "--timeout", "60"] + pages.options + ["--", program] + ending.0)
    #expect(run.status == ending.1, "\(ending.0) \(pages) \(run.errors)")
  }

  @Test(arguments: Pages.all)
  func whoEatsAllMemoryIsKilledAndNamed(pages: Pages) throws {
    let program = try GuestPrograms.program("ending")
    let run = try Kilburn.run(["run"] + pages.options + ["--ram", "128M", "--", program, "eat"])
    #expect(run.status == 137)
    let text = run.output + run.errors
    #expect(text.contains("Out of memory: Killed process"), "\(text)")
    #expect(text.contains("(ending)"), "\(text)")
  }

  @Test(arguments: Pages.all)
  func wildPointersGiveEFAULT(pages: Pages) throws {
    let program = try GuestPrograms.program("wild")
    let run = try Kilburn.run(["run", "--quiet"] + pages.options + ["--", program])
    #expect(run.status == 0, "\(pages): \(run.output)\(run.errors)")
    #expect(run.output.hasSuffix("0 wrong\n"), "\(pages): \(run.output)")
  }

  @Test(arguments: Pages.all, ["on", "off"])
  func memoryHoldsWhatWasWritten(pages: Pages, hardware: String) throws {
    let program = try GuestPrograms.program("memory")
    let run = try Kilburn.run(
      ["run", "--quiet", "--hw-afdbm", hardware] + pages.options + ["--", program])
    #expect(run.status == 0, "\(pages): \(run.output)\(run.errors)")
    #expect(run.output.hasSuffix(", 0 wrong\n"), "\(pages): \(run.output)")
  }

  @Test(arguments: Pages.all)
  func reportOfTheSameRunIsTheSame(pages: Pages) throws {
    let program = try GuestPrograms.program("memory")
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let reports = try (1...2).map { number in
      let report = folder.appending(path: "\(number).json")
      let run = try Kilburn.run(
        ["run", "--quiet"] + pages.options + ["--json", report.path, "--", program])
      #expect(run.status == 0)
      return try String(contentsOf: report, encoding: .utf8)
    }
    #expect(reports[0] == reports[1])
    #expect(reports[0].contains("\"instructions\""))
  }

  @Test func nothingIsLeftWhenTheToolIsKilled() async throws {
    let program = try GuestPrograms.program("ending")
    let process = Process()
    process.executableURL = URL(filePath: Kilburn.tool)
    process.arguments = ["run", "--quiet", "--", program, "loop"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let child = try await Self.waitForChild(of: process.processIdentifier)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(try await Self.isGone(child), "QEMU (\(child)) outlived the tool")
  }

  @Test func theDeathOfQEMUIsSaid() async throws {
    let program = try GuestPrograms.program("ending")
    let process = Process()
    let errors = Pipe()
    process.executableURL = URL(filePath: Kilburn.tool)
    process.arguments = ["run", "--quiet", "--", program, "loop"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    try process.run()
    kill(try await Self.waitForChild(of: process.processIdentifier), SIGKILL)
    let said = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 125)
    #expect(said.contains("QEMU") || said.contains("qemu"), "\(said)")
  }

  @Test func interruptEndsTheGuest() async throws {
    let program = try GuestPrograms.program("ending")
    let process = Process()
    process.executableURL = URL(filePath: Kilburn.tool)
    process.arguments = ["run", "--quiet", "--", program, "loop"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let child = try await Self.waitForChild(of: process.processIdentifier)
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130 || process.terminationReason == .uncaughtSignal)
    #expect(try await Self.isGone(child))
  }

  static func waitForChild(of parent: Int32) async throws -> Int32 {
    for _ in 0..<100 {
      let list = try? String(
        contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
      for word in (list ?? "").split(separator: " ") {
        guard let child = Int32(word) else { continue }
        // Not the one that is only asked for its version.
        let words = try? String(contentsOfFile: "/proc/\(child)/cmdline", encoding: .utf8)
        if let words, words.contains("qemu"), words.contains("\0-M\0") { return child }
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw Failure(description: "no QEMU under process \(parent)")
  }

  static func isGone(_ process: Int32) async throws -> Bool {
    for _ in 0..<100 {
      let state = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
      if state == nil || state?.contains(") Z ") == true { return true }
      try await Task.sleep(for: .milliseconds(50))
    }
    return false
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }
}
