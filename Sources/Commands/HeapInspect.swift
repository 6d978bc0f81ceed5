import ArgumentParser
import Glibc
import HeapInspection
import Machine
import MemoryImages
import Reports

/// `kilburn heap inspect`: the heap of a process, chunk by chunk.
struct HeapInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Lay open the heap of a core, a live process, or a program in the machine.",
    usage: """
      kilburn heap inspect CORE [<options>]
             kilburn heap inspect PID [<options>]
             kilburn heap inspect [<machine options>] [--at exit | --at-call NAME[:N] \\
                                 | --at-address FUNCTION|0x…[:N]] \\
               -- PROGRAM [ARGS…]
      """,
    discussion: """
      Finds glibc's arenas, by symbols or by what they look like, and accounts for every byte of \
      their memory: what is in use, what is free and in which list, what malloc keeps for itself. \
      What contradicts the rest is named with its address and with what glibc would print there.

      CORE is an ELF core of an arm64 or x86-64 program, as the kernel or gcore writes it. What it \
      leaves to files (--files says under which root they are) is read there. A live process stands \
      still meanwhile (SIGSTOP, then SIGCONT) unless --running is given.

      With -- PROGRAM it is run on Kilburn's kernel up to its exit (before its memory is torn down), \
      or to the N-th system call of a name, or to a function, and inspected there; what it writes goes to standard \
      error.

      The exit code is 1 where the heap is damaged or cannot be read.

      Examples:
        kilburn heap inspect core.4711
        kilburn heap inspect $$ --running
        kilburn heap inspect core --address 0x55d0c0a3f2a0
        kilburn heap inspect --sysroot /srv/arm64 -- /usr/bin/lua5.4 -e 'print(1)'
        kilburn heap inspect --sysroot /srv/arm64 --at-call munmap:2 -- /usr/bin/sqlite3 :memory: .q
        kilburn heap inspect core --malloc-info | diff - printed.xml
      """)

  @Argument(help: ArgumentHelp("A core file, or a process's number.", valueName: "CORE|PID"))
  var subject: String?

  @OptionGroup(title: "Report options")
  var shown: HeapShown

  @Option(help: ArgumentHelp("Where the files that a core names are.", valueName: "folder"))
  var files: String = ""

  @Flag(help: "Lets a live process go on: what is read may be of several moments.")
  var running = false

  @OptionGroup
  var guest: GuestRunOptions

  @Option(help: ArgumentHelp("When the program is inspected: at its exit.", valueName: "exit"))
  var at: String?

  @Option(
    help: ArgumentHelp("Inspects it where a system call begins.", valueName: "name[:n]"))
  var atCall: String?

  @Option(
    help: ArgumentHelp(
      "Inspects it where a function begins, or at an address as it is linked.",
      valueName: "name|0x…[:n]"))
  var atAddress: String?

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("The program and its arguments.", valueName: "PROGRAM"))
  var command: [String] = []

  func run() throws {
    var isWhole = true
    try Failing.run { () throws(MachineError) in
      let name = subject ?? command.first ?? ""
      let machine = try memory()
      do throws(HeapError) {
        if let machine {
          isWhole = try shown.show(machine)
        } else {
          isWhole = try shown.show(try source(name))
        }
      } catch { throw .failure("\(name): \(error)") }
    }
    if !isWhole { throw ExitCode(1) }
  }

  /// The program's memory, where one is to be run.
  private func memory() throws(MachineError) -> MachineMemory? {
    guard !command.isEmpty else {
      guard subject != nil else {
        throw .usage("heap inspect: of what?", hint: "name a core, a process, or -- PROGRAM")
      }
      guard at == nil, atCall == nil, atAddress == nil else {
        throw .usage(
          "--at, --at-call and --at-address are for a program that is run", hint: "-- PROGRAM")
      }
      return nil
    }
    if let subject {
      throw .usage("heap inspect: either \(subject) or the program \(command[0])")
    }
    // Words that cannot be are said before a program that is not there.
    let moment = try Moment(at: at, call: atCall, address: atAddress)
    return try HeapMachine(
      prepared: try guest.prepare(command, verb: "heap inspect"), name: command[0], moment: moment
    ).run()
  }

  private func source(_ subject: String) throws(HeapError) -> any MemorySource {
    if let number = Int32(subject), number > 0 {
      return try LiveMemory(number, stops: !running)
    }
    return try CoreMemory(MappedBytes(subject), files: BackingFiles(root: files))
  }
}
