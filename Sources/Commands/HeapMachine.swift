import ArgumentParser
import BoardFormat
import HeapInspection
import Machine
import MemoryTypes
import Reports

/// A program run until a moment, so that its heap can be inspected then.
struct HeapMachine {
  let words: [String]
  let machine: MachineOptions
  let moment: Moment
  let kernel: String?
  let timeout: Int?

  /// Runs the program up to the moment; what it writes goes to standard error.
  func run() throws(MachineError) -> MachineMemory {
    let configurations = try machine.configurations()
    guard configurations.count == 1, let configuration = configurations.first else {
      throw .usage("heap inspect: one machine at a time", hint: "name one page size")
    }
    let description = try configuration.described()
    let guest = try Guest(
      program: words[0], arguments: Array(words.dropFirst()), configuration: configuration,
      standardInput: Stream.input.isTerminal ? nil : try StandardInput.everything {})
    let ram = try RAMFile()
    var run = MachineRun(
      machine: description, emulator: try Emulator(), kernel: try KernelImage(path: kernel))
    run.texts = [.maps]
    run.timeout = timeout
    run.ramFile = ram
    run.stop = try moment.stop(in: guest, description.environment)
    let result = try run.run(guest) { _, bytes in
      Stream.error.write(bytes)
      return true
    }
    let report = RunReport(machine: description, arguments: guest.arguments, result: result)
    switch result.ending {
    case .exited, .signalled, .outOfMemory:
      if moment != .exit {
        throw .failure("\(words[0]) \(report.endingText) before it came there")
      }
    case .stopped: break
    case .notStarted, .kernelFault, .interrupted, .timedOut, .outputClosed, .emulatorFailed:
      result.log.suffix(100).forEach(Stream.error.line)
      throw .failure("\(report.program) \(report.endingText)")
    }
    guard let maps = result.text("maps"), let root = result.statistics?.inspectedRoot, root != 0
    else { throw .failure("the kernel did not say where the program's memory is") }
    do throws(HeapError) {
      return MachineMemory(
        title: "\(words[0]) (arm64, \(report.endingText))",
        ram: try MappedBytes(descriptor: ram.descriptor, called: "the machine's RAM"),
        base: MemoryBank.ramBase, geometry: description.translation, root: PhysicalAddress(root),
        maps: maps, files: BackingFiles { guest.hostFile(at: $0) })
    } catch { throw .failure("\(error)") }
  }
}
