package import BoardFormat
import Glibc
import MemoryTypes
import ProcessLaunch

/// One run of a machine, from the board file to the end of the emulator.
package struct MachineRun: Sendable {
  package var machine: MachineDescription
  package var emulator: Emulator
  package var kernel: KernelImage
  /// The texts that the kernel is to write at the end.
  package var texts: Set<Text> = []
  /// The port on which a debugger is waited for.
  package var debuggerPort: Int?
  /// The file that RAM is to be in, and stays in; else it is memory of the emulator.
  package var ramFile: RAMFile?
  /// Who watches every access; it needs ``ramFile``.
  package var observer: ObserverSetup?
  /// What the kernel tells while it runs.
  package var traced: TraceCategories = []
  /// Where it stops, with all memory as it is; it needs ``ramFile``, in which that stays.
  package var stop: StopPoint?
  /// The places in the guest's programs that it listens to.
  package var probes: [ProbeRequest] = []
  /// The time between two samples of memory that come with what is traced, in nanoseconds of the
  /// machine's; nil for none.
  package var timelineInterval: UInt64?
  /// How long it may take, in seconds.
  package var timeout: Int?

  package init(machine: MachineDescription, emulator: Emulator, kernel: KernelImage) {
    self.machine = machine
    self.emulator = emulator
    self.kernel = kernel
  }

  /// Runs it to any end.
  ///
  /// What the guest writes goes through `output` as it comes, and what the kernel tells of itself,
  /// pieces of ``TraceRecord``s, through `trace`.
  package func run(
    _ guest: Guest, output: Output, trace: ([UInt8]) -> Void = { _ in }
  ) throws(MachineError) -> RunResult {
    let question = try emulator.askForVersion()
    var probes = probes
    if case .place(let place, _) = stop { probes.append(place) }
    let board = try BoardFile(
      machine, guest, texts: texts, traced: traced, probes: probes, stop: stop,
      timelineInterval: timelineInterval)
    var disk: SwapDisk?
    if machine.configuration.swapsToDisk, let size = machine.configuration.swap {
      disk = try SwapDisk(size, machine.pageSize)
    }
    let before = 1 + (ramFile == nil ? 0 : 1) + (observer == nil ? 0 : 1)
    let arguments = EmulatorArguments.list(
      machine, board.layout, kernel: kernel, debugger: debuggerPort, keepsRAM: ramFile != nil,
      observer: observer?.plugin,
      disk: disk == nil ? nil : EmulatorArguments.boardFile + Int32(before))
    try ramFile?.makeRoom(board.layout.ram)
    try observer.map { observer throws(MachineError) in
      try observer.file.write(
        observer.request(
          ObserverSetup.Places(
            ramStart: MemoryBank.ramBase.rawValue, ramLength: board.layout.ram.rawValue,
            boardLength: board.layout.size.rawValue, ramFile: EmulatorArguments.ramFile,
            boardFile: EmulatorArguments.boardFile)))
    }
    let signals = Signals.descriptor
    let descriptors =
      [board.descriptor] + (ramFile.map { [$0.descriptor] } ?? [])
      + (observer.map { [$0.file.descriptor] } ?? [])
      + (disk.map { [$0.descriptor] } ?? [])
    // The interface is asked for before the emulator is, which would only say that it is none.
    if let observer { try observer.plugin.check(question.answer()) }
    let process = try ChildProcess([emulator.path] + arguments, descriptors: descriptors)
    // Asked before, heard now: the machine is starting meanwhile, and ends with this if it may not.
    if observer == nil { _ = try question.answer() }
    // Nobody types: the line is quiet, as the guest's null device would be.
    if guest.standardInput != nil, guest.bound.isEmpty { process.closeInput() }

    var console = Console(
      process: process, ring: { board.takeOutput() }, exportLimit: board.layout.ram.rawValue)
    let ending = try console.watch(
      signals: signals, types: guest.standardInput == nil, timeout: timeout, output: output,
      trace: trace)
    if let wanted = console.wantedVersion { throw kernel.refusal(wanted) }
    if !guest.bound.isEmpty, ending.isOurs {
      try console.end(within: Self.patience, signals: signals)
    }
    // The observer answers when the emulator ends.
    if observer != nil { process.letEnd(within: Self.patience, asks: ending.isOurs) }
    process.end()
    try board.writeSwapBack()
    var result = RunResult(
      ending: ending, statistics: board.statistics(), texts: console.texts, log: console.log)
    if !guest.bound.isEmpty { result.export = guest.takeBack(console.export, board, ending) }
    return result
  }

  /// How long a machine that is asked to end may take, in seconds.
  private static let patience = 20

  /// Takes what the guest wrote; false when nobody reads that any more.
  package typealias Output = (OutputStream, [UInt8]) -> Bool

  /// The guest's two streams.
  package enum OutputStream: Sendable {
    case standardOutput
    case standardError
  }
}

/// The signals that ask this process to end, as something to be read.
package enum Signals {
  /// Caught from the first use on.
  package static let descriptor: Int32 = kilburn_catch_signals()

  /// The one that came, or nil.
  static func next() -> Int32? {
    let number = kilburn_next_signal(descriptor)
    return number > 0 ? number : nil
  }
}
