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
    abstract: "Lay open the heap of a core or a live process.",
    usage: """
      kilburn heap inspect CORE [<options>]
             kilburn heap inspect PID [<options>]
      """,
    discussion: """
      Finds glibc's arenas, by symbols or by what they look like, and accounts for every byte of \
      their memory: what is in use, what is free and in which list, what malloc keeps for itself. \
      What contradicts the rest is named with its address and with what glibc would print there.

      CORE is an ELF core of an arm64 or x86-64 program, as the kernel or gcore writes it. What it \
      leaves to files (--files says under which root they are) is read there. A live process stands \
      still meanwhile (SIGSTOP, then SIGCONT) unless --running is given.

      The exit code is 1 where the heap is damaged or cannot be read.

      Examples:
        kilburn heap inspect core.4711
        kilburn heap inspect $$ --running
        kilburn heap inspect core --address 0x55d0c0a3f2a0
        kilburn heap inspect core --malloc-info | diff - printed.xml
      """)

  @Argument(help: ArgumentHelp("A core file, or a process's number.", valueName: "CORE|PID"))
  var subject: String

  @OptionGroup(title: "Report options")
  var shown: HeapShown

  @Option(help: ArgumentHelp("Where the files that a core names are.", valueName: "folder"))
  var files: String = ""

  @Flag(help: "Lets a live process go on: what is read may be of several moments.")
  var running = false

  func run() throws {
    var isWhole = true
    try Failing.run { () throws(MachineError) in
      do throws(HeapError) {
        isWhole = try shown.show(try source())
      } catch { throw .failure("\(subject): \(error)") }
    }
    if !isWhole { throw ExitCode(1) }
  }

  private func source() throws(HeapError) -> any MemorySource {
    if let number = Int32(subject), number > 0 {
      return try LiveMemory(number, stops: !running)
    }
    return try CoreMemory(MappedBytes(subject), files: BackingFiles(root: files))
  }
}
