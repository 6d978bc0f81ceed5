import HardwareModel
package import TraceFiles

/// Reads what QEMU's plugin `execlog` prints (contrib/plugins/execlog.c): an instruction a line, with
/// its processor, address, opcode, text, and what it accessed.
///
/// ```
/// 0, 0x4000d4, 0xf9400fe0, "ldr x0, [sp, #0x18]", load, 0x40007ff8b8
/// 0, 0xa14, 0xf87f42b4, "bl #0x1234", store, 0x40000ff8, RAM
/// ```
///
/// A device's name behind an address says that a whole machine was traced, and the address is the
/// physical one. The sizes of accesses are not told: they count as one byte, instructions as four.
/// Other words (registers, of newer versions) are passed over.
package final class ExeclogReader: MemoryTraceReader {
  package let nature = MemoryTraceNature(.execlog)
  package private(set) var facts: [TraceFact] = []
  private let input: TraceInput
  private var processor: UInt64 = .max
  private var instructions: UInt64 = 0

  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let end = unsafe bytes.firstIndex(of: 10) ?? bytes.endIndex
    var line = unsafe TextLine(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    return Self.instruction(&line) != nil
  }

  package init(_ input: TraceInput) { self.input = input }

  package var progress: TraceProgress { input.progress }

  package func read(into batch: MemoryTraceBatch) {
    batch.removeAll()
    do throws(TraceError) {
      while !batch.isFilled, var line = try input.nextLine() {
        if line.isEmpty { continue }
        try take(&line, batch)
      }
    } catch { batch.failure = input.explained(error) }
    tellInstructions(batch)
  }

  private func tellInstructions(_ batch: MemoryTraceBatch) {
    guard instructions > 0 else { return }
    batch.append(MemoryTraceEvent(.instructions, instructions))
    instructions = 0
  }

  /// Takes processor, address, opcode and the beginning of the text.
  private static func instruction(_ line: inout TextLine) -> (processor: UInt64, address: UInt64)? {
    line.skipSpaces()
    guard let processor = line.decimal(), line.take(", "), line.first == UInt8(ascii: "0"),
      let address = line.hexBeforeComma(), line.take(", "), line.hexBeforeComma() != nil,
      line.take(", \"")
    else { return nil }
    return (processor, address)
  }

  private func take(_ line: inout TextLine, _ batch: MemoryTraceBatch) throws(TraceError) {
    guard let instruction = Self.instruction(&line), let end = line.lastIndex(of: "\"") else {
      throw malformed
    }
    line.skip(end + 1)
    if instruction.processor != processor {
      tellInstructions(batch)
      processor = instruction.processor
      batch.append(MemoryTraceEvent(.task, 0, processor))
    }
    instructions += 1
    batch.append(.fetch, instruction.address, 4)
    while line.take(", ") {
      let kind: AccessKind
      if line.take("load, ") {
        kind = .load
      } else if line.take("store, ") {
        kind = .store
      } else {
        line.skipToComma()
        continue
      }
      guard line.first == UInt8(ascii: "0"), let address = line.hexBeforeComma() else {
        throw malformed
      }
      guard batch.count < MemoryTraceBatch.capacity else { throw malformed }
      batch.append(kind, address, 1)
      notePhysical(line)
    }
    guard line.isEmpty else { throw malformed }
  }

  /// Whether a device's name follows an address.
  private func notePhysical(_ line: TextLine) {
    guard facts.isEmpty, !line.isEmpty else { return }
    var line = line
    guard line.take(", "), !line.take("load, "), !line.take("store, ") else { return }
    facts.append(TraceFact("data-addresses", "physical"))
  }

  private var malformed: TraceError {
    TraceError(
      .malformed,
      "a line of execlog is a processor, two numbers with 0x, an instruction in quotes, and what "
        + "it loads and stores", at: TracePlace(input.name, line: input.line))
  }
}

extension TextLine {
  /// Takes a decimal number; nil where there is none, or it exceeds 2⁶⁴-1.
  mutating func decimal() -> UInt64? {
    var value: UInt64 = 0
    var digits = 0
    while true {
      let digit = first &- 48
      guard digit < 10, !isEmpty else { break }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      guard !overflow, product <= .max - UInt64(digit) else { return nil }
      value = product + UInt64(digit)
      digits += 1
      skip(1)
    }
    return digits > 0 ? value : nil
  }

  /// Takes a hexadecimal number, with or without 0x, whatever stands behind it.
  mutating func hexBeforeComma() -> UInt64? {
    if take("0x") || take("0X") {}
    var value: UInt64 = 0
    var digits = 0
    while !isEmpty {
      let byte = first
      var digit = byte &- 48
      if digit > 9 {
        digit = (byte | 0x20) &- 87
        if digit < 10 || digit > 15 { break }
      }
      guard value >> 60 == 0 else { return nil }
      value = value << 4 | UInt64(digit)
      digits += 1
      skip(1)
    }
    return digits > 0 ? value : nil
  }

  /// Goes on at the next comma, or at the end.
  mutating func skipToComma() {
    while !isEmpty && first != UInt8(ascii: ",") { skip(1) }
  }
}
