import Foundation
import ProbeComparison
import Testing

/// A module does what the MMU forbids; the report is Linux's, and the machine goes on.
@Suite struct OopsTests {
  static func module() throws -> String {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "kilburn-crash-\(ProcessInfo.processInfo.processIdentifier).ko"
    ).path
    if !FileManager.default.fileExists(atPath: path) {
      let built = try Kilburn.execute(
        Kilburn.checkout.appending(path: "Scripts/build-module").path,
        [Kilburn.checkout.appending(path: "Modules/tests/crash.c").path, path])
      try #require(built.status == 0, "\(built.errors)")
    }
    return path
  }

  /// A report without what no two kernels share.
  static func masked(_ text: String) -> [String] {
    var lines: [String] = []
    for var line in text.split(separator: "\n").map(String.init) {
      line.replace(#/^\[ *\d+\.\d+\] /#, with: "")
      if lines.isEmpty,
        line.prefixMatch(of: #/Unable to|-----|Insufficient|Kernel panic/#) == nil
      {
        continue
      }
      if line.firstMatch(of: #/^ (\S.*\+0x[0-9a-f]+/0x|0x[0-9a-f])/#) != nil { continue }
      if line.prefixMatch(of: #/  ESR|ESR|Internal/#) == nil {
        line.replace(#/[0-9a-f]{16}/#, with: "H")
      }
      line.replace(#/\S+\+0x[0-9a-f]+/0x[0-9a-f]+( \[\w+\])?/#, with: "S")
      line.replace(#/^(pc|lr) : .*/#) { "\($0.output.1) : S" }
      line.replace(#/PID: \d+ Comm: \S+ .*/#, with: "PID: N Comm: C")
      line.replace(#/PID: \d+ at/#, with: "PID: N at")
      line.replace(#/^pstate: [0-9a-f]{8} \(.*?([-+]PAN)/#) { "pstate: P (\($0.output.1)" }
      line.replace(#/^Modules linked in:.*/#, with: "Modules linked in:")
      line.replace(#/^Code: [0-9a-f() ]*$/#, with: "Code: W")
      line.replace(#/^CPU features: .*/#, with: "CPU features: F")
      line.replace(#/^note: \S+ /#, with: "note: T ")
      while line.hasSuffix(" ") { line.removeLast() }
      if !line.isEmpty { lines.append(line) }
      if line.prefixMatch(of: #/Memory Limit|note:/#) != nil { break }
    }
    return lines
  }

  static func recorded(_ name: String) throws -> [String] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "Oopses/\(name).txt")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  /// The linear map by pages, as the recorded kernel had it.
  static func crash(_ name: String, _ options: [String] = []) throws -> (Int32, String, String) {
    let run = try Kilburn.run(
      ["run", "--show", "log", "--rodata", "full", "--module", "\(try module()) case=\(name)"]
        + options + ["--", try GuestPrograms.program("memory")])
    return (run.status, run.output, run.errors)
  }

  @Test(arguments: [
    "WRITE_RO", "WRITE_KERN", "EXEC_DATA", "EXEC_RODATA", "EXEC_STACK", "EXEC_KMALLOC", "BUG",
    "WARNING",
  ])
  func theReportIsLinuxsAndTheMachineGoesOn(name: String) throws {
    let (status, _, errors) = try Self.crash(name)
    #expect(status == 0, "\(errors)")
    let log = errors.split(separator: "\n").filter {
      $0.hasPrefix("[") && !$0.contains("kilburn: a module")
    }.joined(separator: "\n")
    #expect(Self.masked(log) == (try Self.recorded(name)))
    #expect(errors.contains("All frames returned"))
  }

  @Test(arguments: ["PANIC", "EXHAUST_STACK"])
  func thePanicIsLinuxsAndEndsTheMachine(name: String) throws {
    let (status, _, errors) = try Self.crash(name)
    #expect(status == 125)
    let log = errors.split(separator: "\n").filter { $0.hasPrefix("[") }.joined(separator: "\n")
    #expect(Self.masked(log) == (try Self.recorded(name)))
  }

  /// On every page size the fault is found, by the name that Linux has for it.
  @Test(arguments: Pages.all)
  func everyPageSizeIsEnforced(pages: Pages) throws {
    for (name, words) in [
      ("WRITE_KERNEL_TEXT", "write to read-only memory"),
      ("EXEC_DATA", "execute from non-executable"),
      ("EXCEPTION", "NULL pointer dereference"), ("UNMAPPED", "paging request"),
      ("BETWEEN", "address between user and kernel address ranges"),
    ] {
      let (status, _, errors) = try Self.crash(name, pages.options)
      #expect(status == 0)
      #expect(errors.contains(words), "\(name): \(errors)")
    }
  }
}
