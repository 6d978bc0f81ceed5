import BoardFormat
import HeapInspection
import Machine
import MemoryTypes
import Reports

/// A program run until a moment, so that its heap can be inspected then.
struct HeapMachine {
  let prepared: PreparedRun
  /// What whoever asks calls the program.
  let name: String
  let moment: Moment

  /// Runs the program up to the moment; what it writes goes to standard error.
  func run() throws(MachineError) -> MachineMemory {
    let guest = prepared.guest
    let ram = try RAMFile()
    var run = prepared.run
    run.texts = [.maps]
    run.ramFile = ram
    run.stop = try moment.stop(in: guest, prepared.machine.environment)
    let result = try run.run(guest) { _, bytes in
      Stream.error.write(bytes)
      return true
    }
    let report = RunReport(machine: prepared.machine, arguments: guest.arguments, result: result)
    switch result.ending {
    case .exited, .signalled, .outOfMemory:
      if moment != .exit {
        throw .failure("\(name) \(report.endingText) before it came there")
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
        title: "\(name) (arm64, \(report.endingText))",
        ram: try MappedBytes(descriptor: ram.descriptor, called: "the machine's RAM"),
        base: MemoryBank.ramBase, geometry: prepared.machine.translation,
        root: PhysicalAddress(root), maps: maps, files: BackingFiles { guest.hostFile(at: $0) })
    } catch { throw .failure("\(error)") }
  }
}
