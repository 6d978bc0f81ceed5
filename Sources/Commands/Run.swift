import ArgumentParser
import Glibc
import Machine

/// `kilburn run`: runs an arm64 Linux program, then reports.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an arm64 Linux program on Kilburn's kernel, then report where its memory was.",
    usage: "kilburn run [<options>] [--] PROGRAM [ARGS…]",
    discussion: """
      PROGRAM is a path in the guest (with --sysroot or --bind), or else a file of this host, \
      which the guest then sees as /bin/NAME. What the guest writes goes to standard output and \
      error; the report goes to standard error when the guest has ended. The guest reads standard \
      input, typed if that is a terminal, and sees nothing else of this host.

      The exit code is the guest's own, 128+n if signal n ended it, 125 if Kilburn failed, and 64 \
      for an option that cannot be.

      Examples:
        kilburn run ./hello
        kilburn run --show maps,status busybox awk 'BEGIN { print 6 * 7 }'
        kilburn run --page-size 4K,16K,64K -- ./hello   (side by side)
        kilburn run --sysroot /srv/arm64 --json run.json /bin/ls -l
        kilburn run --ram 1G@0x40000000,1G@0x100000000 ./hello
      """)

  @OptionGroup
  var guest: GuestRunOptions

  @OptionGroup(title: "Report options")
  var report: ReportOptions

  @OptionGroup(title: "Report options")
  var timeline: TimelineOptions

  @OptionGroup(title: "Hardware options")
  var observer: ObserverOptions

  @OptionGroup(title: "Heap options")
  var heap: HeapOptions

  @Option(
    help: ArgumentHelp(
      "Keeps RAM in this file, for kilburn tables and walk.", valueName: "file"))
  var keepRam: String?

  @Option(
    help: ArgumentHelp(
      "Waits, before the first instruction, for a debugger on this port.", valueName: "port"))
  var gdb: Int?

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments.", valueName: "PROGRAM"))
  var command: [String] = []

  func run() throws {
    try end(command) { () throws(MachineError) in
      let words = try GuestWords.program(of: command, verb: "run")
      try guest.check()
      if let gdb, !(1...65535 ~= gdb) { throw .usage("--gdb: there is no port \(gdb)") }
      var session = try RunSession(
        program: words[0], arguments: Array(words.dropFirst()), machine: guest.machine,
        report: report)
      session.kernel = guest.kernel
      session.timeout = guest.timeout
      session.debuggerPort = gdb
      try session.keepRAM(in: keepRam)
      try session.watchHeap(heap)
      try session.observe(observer)
      try session.writeTimeline(timeline)
      return try session.run()
    }
  }
}
