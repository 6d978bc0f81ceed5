import BoardFormat
import Cores
import Machine
import MemoryTypes

extension RunReport {
  private static let width = 100

  /// The report for people: one screen, aligned.
  package func text(_ style: Style) -> [String] {
    var lines = [""] + headline(style)
    // The kernel's log is silent unless something happened.
    lines += result.log.suffix(8).map { "kernel: \($0)" }
    if let counts = result.statistics {
      lines += [""] + totals(counts, style)
    }
    if !mappings.isEmpty { lines += [""] + mappingLines(style) }
    if !freeBefore.isEmpty || result.statistics != nil { lines += [""] + frameLines(style) }
    return lines
  }

  /// How it ended and on what machine.
  private func headline(_ style: Style) -> [String] {
    let ending = endingText
    let text = "\(program) \(ending)"
    let machine =
      "\(machine.pageSize.text) pages, \(machine.vaBits)-bit addresses, "
      + "\(machine.banks.total) RAM, \(machine.core.name)"
    let isGood = result.ending == .exited(status: 0)
    return [isGood ? style.heading(text) : style.alarm(text), style.faint(machine)]
  }

  /// What is said of the end, after the program's name.
  package var endingText: String {
    switch result.ending {
    case .exited(let status): "exited with status \(status)"
    case .signalled(let number, let address, let programCounter):
      "was ended by \(SignalName.of(number)) at address \(hexadecimal(address)), "
        + "pc \(hexadecimal(programCounter)) \(place(of: programCounter))"
    case .outOfMemory: "was killed: out of memory"
    case .stopped(.max, let counter): "was stopped at \(hexadecimal(counter))"
    case .stopped(let call, _): "was stopped at \(SystemCallName.of(Int(call)))"
    case .notStarted(let errno):
      "could not be started: \(Errno(rawValue: UInt16(clamping: errno)).map { "\($0)" } ?? "\(errno)")"
    case .kernelFault: "was running when the kernel died"
    case .interrupted(let signal): "was interrupted by \(SignalName.of(UInt32(signal)))"
    case .timedOut(let seconds): "was stopped after \(seconds) s"
    case .outputClosed: "was stopped: nobody reads its output"
    case .emulatorFailed(let reason): "ended with the emulator: \(reason)"
    }
  }

  private func place(of address: UInt64) -> String {
    guard let mapping = mapping(at: address) else { return "(nothing is mapped there)" }
    let name = mapping.name.isEmpty ? "anonymous memory" : mapping.name
    return "in \(mapping.role.rawValue) (\(name))"
  }

  private func totals(_ counts: Statistics, _ style: Style) -> [String] {
    let all = counts.userInstructions + counts.kernelInstructions
    var rows: [(String, String)] = [
      (
        "Instructions",
        "\(counts.userInstructions.grouped) user, \(counts.kernelInstructions.grouped) kernel "
          + "(\(Self.percent(counts.kernelInstructions, of: all))), "
          + "\(counts.bootInstructions.grouped) boot"
      ),
      (
        "Memory",
        "\(bytes(counts.peakResident).rounded) resident at most "
          + "(\(bytes(counts.residentAnonymous).rounded) anonymous, "
          + "\(bytes(counts.residentFile).rounded) file, "
          + "\(bytes(counts.residentShared).rounded) tmpfs), "
          + "\(bytes(counts.peakVirtual).rounded) virtual"
      ),
    ]
    let tables = tablePages
    let total = bytes(tables.reduce(0) { $0 + $1.pages })
    let levels = tables.map { "\($0.pages) \($0.level.uppercased())" }
    rows.append(("Page tables", "\(total.rounded): \(levels.joined(separator: ", "))"))
    let kinds = faults.filter { $0.count != 0 }.map { "\($0.count.grouped) \($0.name)" }
    rows.append(
      (
        "Faults",
        "\(counts.minorFaults.grouped) minor, \(counts.majorFaults.grouped) major"
          + (kinds.isEmpty ? "" : ": " + kinds.joined(separator: ", "))
      ))
    rows.append(("System calls", Self.list(systemCalls)))
    let pressure = pressure
    if !pressure.isEmpty {
      rows.append(("Memory short", "in pages, of the whole machine; who took them, and why"))
    }
    rows += pressure.map { ($0.label, $0.text) }
    if !unknownCalls.isEmpty { rows.append(("  not there", Self.list(unknownCalls) + " (ENOSYS)")) }
    return rows.flatMap { label, text in
      let folded = text.folded(width: Self.width - 14, indent: 0)
      return folded.enumerated().map { index, line in
        let label = index == 0 ? label : ""
        let space = String(repeating: " ", count: 14 - label.count)
        return style.heading(label) + space + line
      }
    }
  }

  private static func list(_ calls: [(name: String, count: UInt64)]) -> String {
    guard !calls.isEmpty else { return "none" }
    return calls.map { $0.count == 1 ? $0.name : "\($0.name) \($0.count.grouped)" }
      .joined(separator: ", ")
  }

  private static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "0 %" }
    let tenths = (Double(part) * 1000 / Double(whole)).rounded()
    return "\(Int(tenths) / 10).\(Int(tenths) % 10) %"
  }

  /// The largest mappings, in the order of their addresses.
  private func mappingLines(_ style: Style) -> [String] {
    let most = 9
    let largest = mappings.sorted { ($1.resident, $1.size) < ($0.resident, $0.size) }.prefix(most)
    var table = TextTable([.left, .right, .right, .left, .left, .left])
    table.rows.append(["addresses", "size", "resident", "", "role", "backed by"])
    for mapping in largest.sorted(by: { $0.start < $1.start }) {
      table.rows.append([
        Self.range(mapping.start, mapping.end), mapping.size.rounded, mapping.resident.rounded,
        mapping.permissions, mapping.role.rawValue, mapping.backing,
      ])
      if mapping.role == .stack, let arguments = places?.arguments, !arguments.isEmpty {
        let size = arguments.upperBound - arguments.lowerBound
        table.rows.append([
          "  " + Self.range(arguments.lowerBound, arguments.upperBound), size.rounded, "", "",
          "arguments", "in the stack, with the environment",
        ])
      }
    }
    var lines = table.lines()
    lines[0] = style.faint(lines[0])
    let hidden = mappings.count - largest.count
    let title = hidden > 0 ? "Largest mappings at the end" : "Mappings at the end"
    let rest = hidden > 0 ? style.faint(" (\(hidden) smaller ones: --show maps)") : ""
    return [style.heading(title) + rest] + lines
  }

  private static func range(_ start: VirtualAddress, _ end: VirtualAddress) -> String {
    [start, end].map { String($0.rawValue, radix: 16) }.joined(separator: "-")
  }

  /// The free blocks before and after, and whether everything came back.
  private func frameLines(_ style: Style) -> [String] {
    var lines: [String] = []
    if !freeBefore.isEmpty {
      let orders = freeBefore.map(\.counts.count).max() ?? 0
      var table = TextTable([.left, .left] + Array(repeating: .right, count: orders + 1))
      table.rows.append(["", "order"] + (0..<orders).map { "\($0)" } + ["pages"])
      for (when, zones) in [("before", freeBefore), ("after", freeAfter)] {
        for zone in zones where zone.pages != 0 {
          let counts = zone.counts.map { "\($0)" }
          table.rows.append(["\(zone.zone)", when] + counts + [zone.pages.grouped])
        }
      }
      lines = table.lines()
      lines[0] = style.faint(lines[0])
      lines.insert(style.heading("Free blocks of 2^order pages"), at: 0)
    }
    if let counts = result.statistics, counts.managedFrames != 0 {
      lines.append(balance(counts, style))
    }
    return lines
  }

  /// Whether what the program had is free again, to the frame.
  private func balance(_ counts: Statistics, _ style: Style) -> String {
    let free = "\(counts.freeAfter.grouped) of \(counts.managedFrames.grouped) frames free"
    let kept = kept
    if kept.missing > 0 {
      return style.alarm("\(kept.missing.grouped) frames did not come back") + ": \(free)."
    }
    let holders = [
      (kept.files, "hold files"), (kept.objects, "hold names, inodes and control groups"),
    ]
    .filter { $0.0 > 0 }.map { "\($0.0.grouped) \($0.1)" }
    return holders.isEmpty
      ? "All frames returned: \(free), as before."
      : "All frames of the program returned: \(free); \(holders.joined(separator: ", "))."
  }
}

extension Mapping {
  /// What its pages come from.
  var backing: String {
    switch name {
    case "", "[heap]": return "anonymous memory"
    case "[stack]": return "anonymous memory"
    case "[vdso]", "[vvar]": return "the kernel"
    default:
      let copied = anonymous == .zero ? "" : ", \(anonymous.rounded) of it copied"
      let from = offset == 0 ? "" : " from \(hexadecimal(offset))"
      return "file \(name)\(from)\(copied)"
    }
  }
}

/// The last component of a path.
enum GuestName {
  static func last(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
