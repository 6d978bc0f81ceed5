import Foundation
import Testing

/// The words of `kilburn run`: what is refused, what is seen, what is written.
@Suite(.serialized) struct CommandLineTests {
  /// Words before a program that would run, and what the refusal says.
  static let unusable: [(words: [String], cause: String)] = [
    (["--swap", "1K"], "not between ten pages and 64G"),
    (["--swappiness=10"], "--swappiness is not built yet"),
    (["--cpus", "2"], "--cpus is not built yet"), (["--thp", "always"], "--thp is not built yet"),
    (["--aslr", "x"], "--aslr cannot be 'x'"), (["--colour"], "there is no option --colour"),
    (["--ram", "31M"], "31M is less than 32M"), (["--ram", "65G"], "more than 64G"),
    (["--ram", "1G@0x40000000,1G@0x50000000"], "overlap"),
    (["--va-bits", "40"], "--va-bits cannot be 40 with 4K pages"),
    (["--page-size", "64K", "--va-bits", "39"], "--va-bits cannot be 39 with 64K pages"),
    (["--page-size", "8K"], "--page-size cannot be '8K'"),
    (["--page-size", "16K", "--core", "cortex-a72"], "cortex-a72 has no 16K pages"),
    (["--core", "cortex-a53", "--hw-afdbm", "on"], "cortex-a53 cannot set"),
    (["--core", "z80"], "there is no core 'z80'"), (["--mem-total", "1G"], "more than the RAM"),
    (["--env", "X"], "--env cannot be 'X'"),
    (["--show", "dreams"], "there is no text 'dreams'"), (["--timeout", "0"], "--timeout"),
  ]

  @Test(arguments: unusable) func wordsThatCannotBeAreRefusedInOneLine(
    words: [String], cause: String
  ) throws {
    let program = try GuestPrograms.program("show")
    let run = try Kilburn.run(["run"] + words + ["--", program])
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(cause), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
  }

  @Test func whatIsNoProgramIsRefusedInOneLine() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = try Data(contentsOf: URL(filePath: try GuestPrograms.program("show")))
    func file(_ name: String, _ bytes: Data) throws -> String {
      let file = folder.appending(path: name)
      try bytes.write(to: file)
      return file.path
    }
    var hostile = whole
    hostile.replaceSubrange(64..<400, with: Data(repeating: 0xff, count: 336))
    let table: [(program: String, cause: String)] = [
      (folder.appending(path: "absent").path, "there is no such program"),
      (folder.path, "is not a file"),
      (try file("text", Data("hello".utf8)), "is not an ELF program"),
      (try file("script", Data("#!/bin/sh\n".utf8)), "it is a script"),
      ("/proc/self/exe", "x86-64"), (try file("empty", Data()), "is not an ELF program"),
      (try file("short", whole.prefix(50)), "truncated"),
      (try file("half", whole.prefix(whole.count / 2)), "truncated"),
      (try file("hostile", hostile), "nothing to load"),
    ]
    for (program, cause) in table {
      let run = try Kilburn.run(["run", "--", program])
      #expect(run.status == 125, "\(program): \(run)")
      #expect(run.errors.contains(cause), "\(program): \(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
    let program = try GuestPrograms.program("show")
    for words in [
      ["--sysroot", "/absent"], ["--bind", "/absent:/x"], ["--machine", "/absent"],
      ["--kernel", program], ["--kernel", "/absent"], ["--json", "/absent/x"],
    ] {
      let run = try Kilburn.run(["run"] + words + ["--", program])
      #expect(run.status == 125, "\(words): \(run)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }

  @Test func aMissingOrOldEmulatorIsNamed() throws {
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let program = try GuestPrograms.program("show")
    let missing = try Kilburn.execute(
      Kilburn.tool, ["run", "--", program], environment: ["PATH": folder.path])
    #expect(missing.status == 125)
    #expect(missing.errors.contains("qemu-system-aarch64 is not installed"), "\(missing.errors)")

    let old = folder.appending(path: "qemu-system-aarch64")
    try "#!/bin/sh\necho 'QEMU emulator version 5.2.0 (Debian 1:5.2+dfsg-11)'\n".write(
      to: old, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: old.path)
    let run = try Kilburn.execute(
      Kilburn.tool, ["run", "--", program], environment: ["PATH": "\(folder.path):/bin"])
    #expect(run.status == 125)
    #expect(run.errors.contains("is QEMU 5.2, which is too old"), "\(run.errors)")
  }

  @Test func theProgramsWordsAreItsOwn() throws {
    let busybox = try GuestPrograms.busybox()
    let run = try Kilburn.run(
      ["run", "-q", "--env", "A=b c", busybox, "sh", "-c", "echo $0 $A \"$@\"; pwd; id -u", "x"]
        + ["--ram", "1K", "--", "-q"])
    #expect(run.output == "x b c --ram 1K -- -q\n/\n0\n")
    #expect(run.errors.isEmpty)
  }

  @Test func theGuestSeesWhatItIsGiven() throws {
    let busybox = try GuestPrograms.busybox()
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["root/bin", "root/etc", "data"] {
      try FileManager.default.createDirectory(
        at: folder.appending(path: name), withIntermediateDirectories: true)
    }
    let root = folder.appending(path: "root")
    try FileManager.default.copyItem(
      at: URL(filePath: busybox), to: root.appending(path: "bin/busybox"))
    try FileManager.default.createSymbolicLink(
      atPath: root.appending(path: "bin/cat").path, withDestinationPath: "/bin/busybox")
    try Data("root\n".utf8).write(to: root.appending(path: "etc/name"))
    try Data("data\n".utf8).write(to: folder.appending(path: "data/name"))
    let options =
      ["run", "-q", "--sysroot", root.path, "--bind", "\(folder.path)/data:/etc/more:ro"]
    for program in ["/bin/cat", "cat", "bin/cat"] {
      let run = try Kilburn.run(options + [program, "/etc/name", "/etc/more/name"])
      #expect(run.output == "root\ndata\n", "\(run)")
    }
    // What the guest writes stays with the guest.
    let run = try Kilburn.run(
      options + ["busybox", "sh", "-c", "echo new > /etc/name; cat /etc/name; rm /etc/more/name"])
    #expect(run.output == "new\n", "\(run)")
    #expect(try String(contentsOf: root.appending(path: "etc/name"), encoding: .utf8) == "root\n")
    #expect(FileManager.default.fileExists(atPath: folder.appending(path: "data/name").path))
  }

  @Test func standardInputIsTheGuests() throws {
    let busybox = try GuestPrograms.busybox()
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appending(path: "input")
    try Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }).write(to: input)
    let ours = try Kilburn.run(["run", "-q", busybox, "md5sum"], input: input)
    let theirs = try Kilburn.execute("/usr/bin/md5sum", [], input: input)
    #expect(ours.output == theirs.output)
  }

  @Test func machineFileAndCommandLineSayTheSame() throws {
    let program = try GuestPrograms.program("show")
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "machine.yaml")
    try """
    page-size: 16K
    va-bits: 36
    ram: [64M@0x40000000, 128M@0x80000000]
    hw-afdbm: off
    env: {A: b}
    """.write(to: file, atomically: true, encoding: .utf8)
    let words: [[String]] = [
      ["--machine", file.path],
      [
        "--page-size", "16K", "--va-bits", "36", "--ram", "64M@0x40000000,128M@0x80000000",
        "--hw-afdbm", "off", "--env", "A=b",
      ],
    ]
    let reports = try words.enumerated().map { number, words in
      let json = folder.appending(path: "\(number).json")
      let run = try Kilburn.run(
        ["run", "-q", "--json", json.path] + words + [program, "/proc/meminfo"])
      #expect(run.status == 0, "\(run)")
      return try String(contentsOf: json, encoding: .utf8)
    }
    #expect(reports[0] == reports[1])
    #expect(reports[0].contains("\"ram\": \"64M@0x40000000,128M@0x80000000\""))
  }

  @Test func textsAreShownAndReported() throws {
    let program = try GuestPrograms.program("show")
    let folder = try GuestPrograms.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let json = folder.appending(path: "x.json")
    let names = ["maps", "smaps", "status", "meminfo", "buddyinfo", "zoneinfo", "vmstat"]
    let run = try Kilburn.run(
      [
        "run", "--show", names.joined(separator: ","), "--json", json.path, program,
        "/proc/version",
      ])
    #expect(run.status == 0)
    #expect(run.output.hasPrefix("Linux version 6.1"), "\(run.output)")
    for part in [
      "[stack]", "VmRSS:", "MemTotal:", "Node 0, zone", "pgfault", "All frames returned",
    ] {
      #expect(run.errors.contains(part), "\(part)")
    }
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: json)) as? [String: Any])
    let texts = try #require(report["texts"] as? [String: String])
    #expect(
      texts.keys.sorted()
        == (names + ["buddyinfo.after", "buddyinfo.before"]).filter {
          $0 != "buddyinfo"
        }.sorted())
    let instructions = try #require(report["instructions"] as? [String: Int])
    #expect(instructions.values.allSatisfy { $0 > 0 })
    #expect(instructions.keys.sorted() == ["boot", "kernel", "user"])
    #expect(report["endedBy"] as? String == "exit")
    let frames = try #require(report["frames"] as? [String: Any])
    #expect(frames["allReturned"] as? Bool == true)
  }

  @Test func sideBySideHearsTheGuestOnce() throws {
    let program = try GuestPrograms.program("memory")
    let run = try Kilburn.run(["run", "--page-size", "4K,16K,64K", "--", program])
    #expect(run.status == 0)
    #expect(run.output == "pages of 4096, 0 wrong\n")
    #expect(run.errors.contains("4K pages"), "\(run.errors)")
    #expect(
      run.errors.split(separator: "\n").contains {
        $0.split(separator: " ") == ["ended", "by", "exit", "0", "exit", "0", "exit", "0"]
      })
  }

  @Test func quietStillShowsWhatIsAskedFor() throws {
    let program = try GuestPrograms.program("memory")
    let run = try Kilburn.run(["run", "--quiet", "--show", "dmesg,meminfo", "--", program])
    #expect(run.status == 0)
    #expect(run.errors.contains("MemTotal: "))
    #expect(run.errors.contains("SLUB: HWalign=64"))
    #expect(!run.errors.contains("Page tables"))
  }

  @Test func quietIsTheGuestsOutputOnly() throws {
    let busybox = try GuestPrograms.busybox()
    let run = try Kilburn.run(["run", "-q", busybox, "sh", "-c", "echo out; echo err >&2; exit 3"])
    #expect(run == Kilburn.Result(status: 3, output: "out\n", errors: "err\n"))
  }

  @Test(arguments: ["32M", "40M", "130M", "3G", "64G", "1G@0x40000000,1G@0x100000000"])
  func anyAmountOfRAMBoots(ram: String) throws {
    let program = try GuestPrograms.program("show")
    for pages in Pages.all {
      let run = try Kilburn.run(
        ["run", "-q", "--ram", ram] + pages.options + [program, "/proc/meminfo"])
      #expect(run.status == 0, "\(pages) \(run)")
      #expect(run.output.hasPrefix("MemTotal:"), "\(pages) \(run)")
    }
  }

  @Test(arguments: [
    "neoverse-n1", "cortex-a35", "cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "max",
  ])
  func everyCoreBoots(core: String) throws {
    let program = try GuestPrograms.program("memory")
    let run = try Kilburn.run(["run", "-q", "--core", core, program])
    #expect(run.status == 0, "\(run)")
  }
}
