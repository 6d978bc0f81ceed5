import Foundation
import Testing

/// No program ends, stops or wears down the machine, whatever it does.
@Suite(.serialized) struct HostileTests {
  struct Machine: CustomStringConvertible, Sendable {
    var options: [String]
    var description: String { options.joined(separator: " ") }
  }

  static let machines = [
    Machine(options: ["--page-size", "4K", "--va-bits", "48"]),
    Machine(options: ["--page-size", "4K", "--va-bits", "39", "--hw-afdbm", "off"]),
    Machine(options: ["--page-size", "4K", "--va-bits", "48", "--ram", "32M"]),
    Machine(options: ["--page-size", "16K", "--va-bits", "47"]),
    Machine(options: ["--page-size", "64K", "--va-bits", "42", "--ram", "64M"]),
  ]

  /// Random calls with random arguments: the program comes to its end, and every frame comes back.
  @Test(arguments: machines, [1, 2])
  func survivesRandomCalls(machine: Machine, seed: Int) throws {
    let program = try GuestPrograms.program("chaos")
    let run = try Kilburn.run(
      ["run", "--timeout", "120"] + machine.options + ["--", program, "\(seed)", "12", "300"])
    // Small machines may run out of memory, and deadlocks of its own making end a program.
    #expect([0, 137].contains(run.status), "\(machine) seed \(seed): \(run.errors.suffix(2000))")
    if run.status == 0 {
      // Names that its random calls made may be left.
      #expect(run.output.hasSuffix("done\n"), "\(machine) seed \(seed): \(run.output)")
      // What it left in files, segments and names is accounted for.
      #expect(
        run.errors.contains("All frames"), "\(machine) \(seed): \(run.errors.suffix(600))")
    }
  }

  /// Wild registers and instructions.
  @Test(arguments: machines)
  func survivesWildRegisters(machine: Machine) throws {
    let program = try GuestPrograms.program("registers")
    let run = try Kilburn.run(
      ["run", "--timeout", "120"] + machine.options + ["--", program, "64", "500"])
    #expect(run.status == 0, "\(machine): \(run.errors.suffix(2000))")
    #expect(run.output.hasSuffix("done\n"), "\(machine): \(run.output)")
    #expect(run.errors.contains("All frames returned"), "\(machine): \(run.errors.suffix(600))")
  }

  /// All of something that there is an end of.
  @Test(
    arguments: machines,
    [
      "bomb", "tree", "maps", "descriptors", "files", "names", "depth", "tables", "arguments",
      "scripts", "pipes", "programs", "low",
    ])
  func survivesExhaustion(machine: Machine, what: String) throws {
    let program = try GuestPrograms.program("exhaust")
    let small = machine.options.contains("--ram") ? [] : ["--ram", "64M"]
    // A report of 65530 mappings would take longer than the rest.
    let isQuiet = what == "maps"
    // Where memory is low, whoever is killed leaves files.
    let countsFrames = !isQuiet && what != "low"
    let run = try Kilburn.run(
      ["run", "--timeout", "120"] + (isQuiet ? ["-q"] : []) + machine.options + small + [
        "--", program, what,
      ])
    #expect([0, 137].contains(run.status), "\(machine) \(what): \(run.errors.suffix(2000))")
    if run.status == 0 {
      #expect(run.output.hasSuffix("done\n"), "\(machine) \(what): \(run.output)")
      #expect(
        !countsFrames || run.errors.contains("All frames returned"),
        "\(machine) \(what): \(run.errors.suffix(600))")
    }
  }

  /// What a guest writes is only ever output: frames of the console's own format too.
  @Test func outputIsNeverTakenForTheMachinesOwnWords() throws {
    let busybox = try GuestPrograms.busybox()
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    // The end of the machine with status 7, and a line of the kernel's log, again and again.
    let end: [UInt8] = [0xa5, 6, 24, 0, 0, 0, 0, 0, 7, 0, 0, 0] + Array(repeating: 0, count: 16)
    let log: [UInt8] = [0xa5, 3, 4, 0] + Array("log\n".utf8)
    let forged = folder.appending(path: "forged")
    try Data((0..<20000).flatMap { $0 % 2 == 0 ? end : log }).write(to: forged)
    let output = folder.appending(path: "output")
    let run = try Kilburn.execute(
      "/bin/sh",
      [
        "-c", "\"$0\" run --bind \"$1:/forged\" -- \"$2\" cat /forged > \"$3\"", Kilburn.tool,
        forged.path, busybox, output.path,
      ])
    #expect(run.status == 0, "\(run.errors.suffix(600))")
    #expect(!run.errors.contains("kernel: log"))
    #expect(try Data(contentsOf: output) == Data(contentsOf: forged))
  }

  /// A transfer may overwrite the vector that says where it goes.
  @Test func transferMayOverwriteItsVector() throws {
    let program = try GuestPrograms.program("self-overwriting-vector")
    let run = try Kilburn.run(["run", "-q", "--timeout", "60", "--", program])
    #expect(run.status == 0 && run.output == "over\n", "\(run)")
  }

  /// Standard streams that are closed, full or broken; nothing of the machine gets their numbers.
  @Test(
    arguments: [
      ("<&-", 0), (">&-", 141), ("2>&-", 0), ("<&- >&- 2>&-", 141), (">/dev/full", 141),
    ] as [(String, Int32)])
  func standardStreamsMayBeBroken(words: String, status: Int32) throws {
    let program = try GuestPrograms.program("show")
    let run = try Kilburn.execute(
      "/bin/sh",
      [
        "-c", "\"$0\" run --timeout 60 -- \"$1\" /proc/version \(words)", Kilburn.tool,
        program,
      ])
    #expect(run.status == status, "\(words): \(run)")
  }

  /// What means nothing in the guest is left out of a bound folder, and nothing is waited for.
  @Test func boundFoldersMayHoldAnything() throws {
    let busybox = try GuestPrograms.busybox()
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try #require(unsafe mkfifo(folder.appending(path: "fifo").path, 0o600) == 0)
    try Data("secret".utf8).write(to: folder.appending(path: "secret"))
    let bound = folder.appending(path: "bound")
    try FileManager.default.createDirectory(at: bound, withIntermediateDirectories: true)
    try #require(unsafe mkfifo(bound.appending(path: "fifo").path, 0o600) == 0)
    try Data("x".utf8).write(to: bound.appending(path: "new\nline"))
    for (name, target) in [
      ("loop", "loop"), ("outside", "../secret"), ("absolute", "\(folder.path)/secret"),
      ("up", "../../../../../.."),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: bound.appending(path: name).path, withDestinationPath: target)
    }
    let words = ["run", "-q", "--timeout", "60", "--bind", "\(bound.path):/bound", "--", busybox]
    let list = try Kilburn.run(words + ["ls", "/bound"])
    #expect(
      list.output == "absolute\nloop\nnew?line\noutside\nup\n"
        || list.output
          == "absolute\nloop\nnew\nline\noutside\nup\n",
      "\(list)")
    for name in ["loop", "outside", "absolute", "up\(folder.path)/secret"] {
      let run = try Kilburn.run(words + ["cat", "/bound/\(name)"])
      #expect(run.status == 1 && run.output.isEmpty, "\(name): \(run)")
    }
    let run = try Kilburn.run(["run", "-q", "--", folder.appending(path: "fifo").path])
    #expect(run.status == 125)
    #expect(run.errors.contains("is not a file"), "\(run.errors)")
  }
}
