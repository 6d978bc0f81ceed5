import ArgumentParser
import BoardFormat
import Glibc
import Machine

/// `kilburn run`: runs an arm64 Linux program, then reports.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an arm64 Linux program on Kilburn's kernel, then report where its memory was.")

  @OptionGroup(title: "Machine")
  var machine: MachineOptions

  @Option(help: ArgumentHelp("The kernel image.", valueName: "file"))
  var kernel: String?

  @Option(help: ArgumentHelp("Ends the run after so many seconds.", valueName: "seconds"))
  var timeout: Int?

  @Option(help: ArgumentHelp("Waits for a debugger on this port.", valueName: "port"))
  var gdb: Int?

  @Flag(help: "Only the guest's own output.")
  var quiet = false

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments.", valueName: "program"))
  var command: [String] = []

  func run() throws {
    let words = command.first == "--" ? Array(command.dropFirst()) : command
    guard let program = words.first else { throw ValidationError("which program?") }
    do throws(MachineError) {
      _ = Signals.descriptor
      let configuration = try machine.configurations()[0]
      let description = try configuration.described()
      let guest = try Guest(
        program: program, arguments: Array(words.dropFirst()), configuration: configuration,
        standardInput: [])
      var plan = try MachineRun(
        machine: description, emulator: Emulator(), kernel: KernelImage(path: kernel))
      plan.timeout = timeout
      plan.debuggerPort = gdb
      let result = try plan.run(guest) { stream, bytes in
        (stream == .standardOutput ? Stream.output : .error).write(bytes)
      }
      if !quiet {
        for line in result.log { print("log:", line) }
        print(result.ending)
        for text in result.texts {
          print("==", text.name); print(String(decoding: text.bytes, as: UTF8.self))
        }
        if let s = result.statistics {
          print(s.bootInstructions, s.userInstructions, s.kernelInstructions)
        }
      }
      Glibc.exit(result.ending.exitCode)
    } catch {
      Stream.error.line("kilburn: \(error)")
      throw ExitCode(error.exitCode)
    }
  }
}
