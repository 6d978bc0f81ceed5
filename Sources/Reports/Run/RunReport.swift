package import BoardFormat
package import Machine
package import MemoryTypes

/// What there is to say of a run: the machine, the program, how it ended, where its memory was.
package struct RunReport: Sendable {
  package var machine: MachineDescription
  /// The program's arguments, its path first.
  package var arguments: [String]
  package var result: RunResult
  /// The program's mappings at its end.
  package var mappings: [Mapping]
  /// Where its heap begins and its arguments lie.
  package var places: ProcessPlaces?
  /// The free blocks before the program and after it.
  package var freeBefore: [FreeBlocks]
  package var freeAfter: [FreeBlocks]

  /// The texts that the kernel must write for a report.
  package static let texts: Set<Text> = [.smaps, .stat, .buddyinfo, .vmstat, .pressure]

  /// `executable` is the program's file, if that is not the first argument itself but a link's end.
  package init(
    machine: MachineDescription, arguments: [String], executable: String? = nil, result: RunResult
  ) {
    self.machine = machine
    self.arguments = arguments
    self.result = result
    let program = executable ?? arguments.first ?? ""
    places = result.text("stat").flatMap { ProcessPlaces(stat: $0) }
    mappings =
      result.bytes(of: "smaps").map {
        [Mapping](smaps: $0, program: program, stat: result.text("stat"))
      } ?? []
    freeBefore = [FreeBlocks](buddyinfo: result.text("buddyinfo.before") ?? "")
    freeAfter = [FreeBlocks](buddyinfo: result.text("buddyinfo.after") ?? "")
  }

  /// The system calls that were made, the most frequent first.
  package var systemCalls: [(name: String, count: UInt64)] {
    result.statistics.map { Self.calls($0.systemCalls) } ?? []
  }

  /// The calls that the kernel does not have, and which answered ENOSYS.
  package var unknownCalls: [(name: String, count: UInt64)] {
    result.statistics.map { Self.calls($0.unknownCalls) } ?? []
  }

  private static func calls(_ counts: InlineArray<512, UInt64>) -> [(name: String, count: UInt64)] {
    counts.indices.filter { counts[$0] != 0 }
      .map { (SystemCallName.of($0), counts[$0]) }
      .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
  }

  /// Faults by what they did, as the statistics count them.
  package var faults: [(name: String, count: UInt64)] {
    guard let counts = result.statistics else { return [] }
    return [
      ("anonymous", counts.anonymousFaults), ("zero page", counts.zeroPageFaults),
      ("copy on write", counts.copyOnWriteFaults), ("reuse", counts.reuseFaults),
      ("file", counts.fileFaults), ("access flag", counts.accessFlagFaults),
      ("stack growth", counts.stackGrowths), ("spurious", counts.spuriousFaults),
      ("signal", counts.signalFaults),
    ]
  }

  /// The program's page-table pages by Linux's name of the level, the root first.
  package var tablePages: [(level: String, pages: UInt64)] {
    guard let counts = result.statistics else { return [] }
    let start = 4 - machine.levels
    return (start...3).map { level in
      (Self.levelName(level, start: start), counts.tablePages[level + 1])
    }
  }

  /// As arch/arm64/include/asm/pgtable-types.h folds them: the root is always the PGD.
  private static func levelName(_ level: Int, start: Int) -> String {
    level == start ? "pgd" : ["p4d", "pud", "pmd", "pte"][level]
  }

  /// Frames that are not free again after the program, by what holds them: `missing` is what
  /// nothing accounts for.
  package var kept: (files: UInt64, objects: UInt64, missing: UInt64) {
    guard let counts = result.statistics else { return (0, 0, 0) }
    func rise(_ before: UInt64, _ after: UInt64) -> UInt64 { after > before ? after - before : 0 }
    let files = rise(counts.fileFramesBefore, counts.fileFramesAfter)
    let objects = rise(counts.objectFramesBefore, counts.objectFramesAfter)
    return (files, objects, rise(counts.freeAfter + files + objects, counts.freeBefore))
  }

  /// The mapping that an address lies in.
  package func mapping(at address: UInt64) -> Mapping? {
    mappings.first { $0.contains(VirtualAddress(address)) }
  }

  /// Bytes of so many pages.
  package func bytes(_ pages: UInt64) -> ByteCount { PageCount(pages).bytes(of: machine.pageSize) }
}

extension Ending {
  /// The word that names it in reports, `endedBy`.
  package var word: String {
    switch self {
    case .exited: "exit"
    case .signalled: "signal"
    case .outOfMemory: "out-of-memory"
    case .stopped: "stopped"
    case .notStarted: "not-started"
    case .kernelFault: "kernel-fault"
    case .interrupted: "interrupt"
    case .timedOut: "timeout"
    case .outputClosed: "output-closed"
    case .emulatorFailed: "emulator"
    }
  }
}
