import HardwareModel
package import TraceFiles

/// Reads ChampSim's instructions (inc/trace_instruction.h, `input_instr`): 64 bytes each.
///
/// | offset | bytes | |
/// |--:|--:|---|
/// | 0 | 8 | the instruction's address |
/// | 8 | 1 | whether it is a branch |
/// | 9 | 1 | whether that is taken |
/// | 10 | 6 | registers written (2) and read (4) |
/// | 16 | 16 | addresses written, 0 for none |
/// | 32 | 32 | addresses read, 0 for none |
///
/// Nothing says how many bytes an instruction or an access has: they count as one, so that none
/// crosses a line. Loads come before stores. There is no mark at the beginning: a file is taken for
/// one by its records, and a record that cannot be one ends it with its offset.
package final class ChampSimReader: MemoryTraceReader {
  package let nature = MemoryTraceNature(.champsim)
  package let facts: [TraceFact] = []
  private let input: TraceInput
  static var recordSize: Int { 64 }

  /// Whether what a file begins with may be instructions.
  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let whole = min(bytes.count / recordSize, 64)
    guard whole > 0 else { return false }
    for index in 0..<whole {
      let record = unsafe UnsafeRawBufferPointer(
        rebasing: bytes[index * recordSize..<(index + 1) * recordSize])
      guard unsafe isRecord(record) else { return false }
      // Programs' own addresses only.
      let words = unsafe [record.word(0)] + (2..<8).map { unsafe record.word($0) }
      guard words[0] != 0, words.allSatisfy({ $0 >> 57 == 0 || $0 >> 57 == 127 }) else {
        return false
      }
    }
    return true
  }

  private static func isRecord(_ record: UnsafeRawBufferPointer) -> Bool {
    unsafe record[8] <= 1 && record[9] <= 1
  }

  package init(_ input: TraceInput) { self.input = input }

  package var progress: TraceProgress { input.progress }

  package func read(into batch: MemoryTraceBatch) {
    batch.removeAll()
    var instructions: UInt64 = 0
    do throws(TraceError) {
      while !batch.isFilled {
        guard try input.require(Self.recordSize) else {
          let rest = unsafe input.available.count
          if rest == 0 { break }
          throw TraceError(
            .truncated, "the file ends \(rest) bytes into an instruction of 64",
            at: TracePlace(input.name, offset: input.offset))
        }
        let available = unsafe input.available
        let count = available.count / Self.recordSize
        var done = 0
        while done < count && !batch.isFilled {
          let record = unsafe UnsafeRawBufferPointer(
            rebasing: available[done * Self.recordSize..<(done + 1) * Self.recordSize])
          guard unsafe take(record, batch) else { break }
          done += 1
        }
        input.take(done * Self.recordSize)
        instructions += UInt64(done)
        if done < count && !batch.isFilled { throw malformed }
      }
    } catch { batch.failure = error }
    if instructions > 0 { batch.append(MemoryTraceEvent(.instructions, instructions)) }
  }

  private var malformed: TraceError {
    TraceError(
      .malformed,
      "no instruction of ChampSim's: bytes 8 and 9 say 0 or 1, whether it is a branch and taken",
      at: TracePlace(input.name, offset: input.offset))
  }

  @inline(__always) private func take(
    _ record: UnsafeRawBufferPointer, _ batch: MemoryTraceBatch
  ) -> Bool {
    guard unsafe Self.isRecord(record) else { return false }
    batch.append(.fetch, unsafe record.word(0), 1)
    for index in 4..<8 {
      let address = unsafe record.word(index)
      if address != 0 { batch.append(.load, address, 1) }
    }
    for index in 2..<4 {
      let address = unsafe record.word(index)
      if address != 0 { batch.append(.store, address, 1) }
    }
    return true
  }
}

extension UnsafeRawBufferPointer {
  /// The word of 8 bytes at a place.
  @inline(__always) func word(_ index: Int) -> UInt64 {
    UInt64(littleEndian: unsafe loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
  }
}
