import ArgumentParser
import Cores
import HardwareModel
import Machine
import MemoryTypes
import Observation

/// The options by which a run is observed.
struct ObserverOptions: ParsableArguments {
  @Flag(help: "Shows every access to a model of the core's TLBs and caches, and reports.")
  var observe = false

  @Flag(help: "Checks each access's translation: the CPU's, the model's, the tables'. Slow.")
  var observeCheck = false

  @Flag(help: "Also says what the kernel's own work costs programs in caches and TLBs.")
  var observeApart = false

  @Option(
    help: ArgumentHelp(
      "Records every access in this file, for kilburn replay.", valueName: "file"))
  var record: String?

  var isAsked: Bool { observe || observeCheck || observeApart || record != nil }

  /// What a run on a machine is observed with.
  func setup(_ machine: MachineDescription) throws(MachineError) -> ObserverSetup {
    guard let core = machine.core.hardware?.geometry else {
      throw .usage(
        "--observe: the file of \(machine.core.name) does not describe its TLBs and caches",
        hint: "kilburn core lists those that do")
    }
    let (checks, apart) = (observeCheck, observeApart)
    var path = PackedPath()
    if let record {
      // The emulator is where this process is.
      guard !record.isEmpty, let packed = PackedPath(record) else {
        throw .usage("--record: a path of 1 to 1,023 bytes")
      }
      // The emulator opens it when the machine runs; a bad path fails before.
      try OutputFile.write("", to: record, option: "record")
      path = packed
    }
    let recorded = path
    let bits = machine.banks.map { $0.end.rawValue }.max() ?? 0
    return ObserverSetup(plugin: try ObserverPlugin(), file: try ObserverFile()) { places in
      var request = ObserverRequest(core: core)
      request.ramStart = places.ramStart
      request.ramLength = places.ramLength
      request.boardLength = places.boardLength
      request.ramFile = Int64(places.ramFile)
      request.boardFile = Int64(places.boardFile)
      // What lies behind RAM is the board file.
      let end = max(bits, places.ramStart + places.ramLength + places.boardLength)
      request.physicalBits = UInt64(64 - (end - 1).leadingZeroBitCount)
      request.hasHardwareAccessAndDirty = machine.hardwareAccessAndDirty
      request.checks = checks
      request.apart = apart
      request.record = recorded
      return unsafe withUnsafeBytes(of: request) { unsafe Array($0) }
    }
  }
}
