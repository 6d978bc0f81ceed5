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

  var isAsked: Bool { observe || observeCheck }

  /// What a run on a machine is observed with.
  func setup(_ machine: MachineDescription) throws(MachineError) -> ObserverSetup {
    guard let core = machine.core.hardware?.geometry else {
      throw .usage(
        "--observe: the file of \(machine.core.name) does not describe its TLBs and caches",
        hint: "kilburn core lists those that do")
    }
    let checks = observeCheck
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
      return unsafe withUnsafeBytes(of: request) { unsafe Array($0) }
    }
  }
}
