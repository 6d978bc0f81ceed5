/// `/proc/cpuinfo`, taken apart: the processors and what is said of the whole machine.
///
/// Each architecture writes its own (`c_show` in `arch/*/kernel/`): x86 and today's arm64 a block of
/// lines for each CPU, older arm kernels the numbers first and one block for all of them. So a
/// field belongs to the CPUs whose `processor` lines began its block, and to the machine where none
/// did. Any text has a reading; one that is no cpuinfo has no processors.
package struct CPUInfo: Equatable, Sendable {
  /// What is said of one CPU.
  package struct Processor: Equatable, Sendable {
    package var number: UInt64
    package var fields: [ProcField]
  }

  package private(set) var processors: [Processor] = []
  /// What stands outside of the blocks of CPUs (`Hardware`, `Serial`, and on old kernels most).
  package private(set) var machine: [ProcField] = []

  package init(_ bytes: [UInt8]) {
    var block: Range<Int>?
    for line in String.procLines(bytes) {
      guard let field = ProcField(line: line) else {
        if line.allSatisfy(\.isProcBlank) { block = nil }
        continue
      }
      if field.name == "processor", let number = field.number {
        // Several in a row, with nothing between them, share what follows.
        let isFirst = block.map { processors[$0.lowerBound].fields.isEmpty } != true
        block = (isFirst ? processors.count : block?.lowerBound ?? 0)..<processors.count + 1
        processors.append(Processor(number: number, fields: []))
      } else if let block {
        for index in block { processors[index].fields.append(field) }
      } else {
        machine.append(field)
      }
    }
  }

  /// What is said of a CPU under a name: in its own block, or else for the machine.
  package func value(_ name: String, of processor: Processor) -> String? {
    (processor.fields.first { $0.name == name } ?? machine.first { $0.name == name })?.value
  }

  /// The same as a number.
  package func number(_ name: String, of processor: Processor) -> UInt64? {
    value(name, of: processor)?.procNumber
  }

  /// Which architecture's text this is.
  package var architecture: Architecture {
    guard let first = processors.first else { return .other }
    if value("vendor_id", of: first) != nil, value("cpu family", of: first) != nil { return .x86 }
    guard value("CPU implementer", of: first) != nil else { return .other }
    // An arm64 kernel says 8, or AArch64 in old ones; a 32-bit kernel on the same core says 8, too,
    // but lists the 32-bit features.
    let version = value("CPU architecture", of: first) ?? ""
    let features = Set(value("Features", of: first)?.split(separator: " ") ?? [])
    let is64 = version.hasPrefix("AArch64") || features.contains("asimd") || features.contains("fp")
    return is64 && !features.contains("vfpv4") ? .arm64 : .arm
  }

  package enum Architecture: String, Sendable {
    case x86, arm64, arm, other
  }
}
