import HardwareModel
package import TraceFiles

/// Reads samples of memory accesses as `perf script` prints those of `perf mem record` and of
/// Arm's SPE: who, when, the event, the address of the data.
///
/// ```
/// app 1234/1235 [002] 81.204117:  1 cpu/mem-loads,ldlat=30/P:  7ffd3b0a1c28 |OP LOAD|LVL L1 hit|…
/// app  1235  81.204117:  l1d-access:  ffffa0b4c100 …
/// ```
///
/// Without `-F +addr` (or an event that has it by default) perf prints where the program was and not
/// what it accessed: an address with its symbol and nothing else on the line, and no frames below it.
/// Such samples say nothing of data. Where no sample has an address, that is told.
///
/// A sample is one of many accesses, so misses of a replay say nothing of the program's: it is marked
/// as sampled. The address of the data is the first number behind the event; a sample without (0) is
/// passed over, and so are the frames below it, which begin with a space. A load is what is not said
/// to be a store, by the event's name or by what perf decoded. Sizes are not told: one byte.
package final class PerfScriptReader: MemoryTraceReader {
  package let nature = MemoryTraceNature(.perf, hasFetches: false, isSampled: true)
  package let facts: [TraceFact] = []
  private let input: TraceInput
  private var task: (UInt64, UInt64)?
  /// Samples that have no address of data, and those that have one.
  private var skipped: UInt64 = 0
  private var taken: UInt64 = 0
  /// A sample whose address is one of data if frames follow.
  private var waiting: PerfSample?

  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // The header of --header is as long as the machine has facts.
    for line in unsafe [UInt8](bytes.prefix(1 << 16)).split(separator: 10) {
      if line.first == UInt8(ascii: "#") { continue }
      return PerfSample(String(decoding: line, as: UTF8.self)) != nil
    }
    return false
  }

  package init(_ input: TraceInput) { self.input = input }

  package var progress: TraceProgress { input.progress }

  package func read(into batch: MemoryTraceBatch) {
    batch.removeAll()
    do throws(TraceError) {
      while !batch.isFilled {
        guard let line = try input.nextLine() else {
          try end()
          break
        }
        if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
        try take(line.rest, batch)
      }
    } catch { batch.failure = input.explained(error) }
  }

  private func end() throws(TraceError) {
    if waiting != nil { skipped += 1 }
    waiting = nil
    guard taken == 0, skipped > 0 else { return }
    throw TraceError(
      .unsupported,
      "none of its \(skipped) samples has an address of data: perf record -d, perf script -F +addr",
      at: TracePlace(input.name, line: input.line))
  }

  private func take(_ text: String, _ batch: MemoryTraceBatch) throws(TraceError) {
    guard let sample = PerfSample(text) else {
      // A frame of a call chain: an address and where that is.
      let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
      let isFrame = text.first == " " || text.first == "\t"
      if words.isEmpty { return }
      if isFrame && UInt64(words[0], radix: 16) != nil {
        if let sample = waiting { add(sample, batch) }
        waiting = nil
        return
      }
      throw TraceError(
        .malformed,
        "a sample of perf script has a thread, a time with a colon, an event with a colon and an "
          + "address", at: TracePlace(input.name, line: input.line))
    }
    if waiting != nil { skipped += 1 }
    waiting = nil
    guard sample.address != 0 else { return skipped += 1 }
    guard !sample.mayBePlace else { return waiting = sample }
    add(sample, batch)
  }

  private func add(_ sample: PerfSample, _ batch: MemoryTraceBatch) {
    taken += 1
    if task ?? (.max, .max) != (sample.process, sample.thread) {
      task = (sample.process, sample.thread)
      batch.append(MemoryTraceEvent(.task, sample.process, sample.thread))
    }
    batch.append(sample.isStore ? .store : .load, sample.address, 1)
  }
}

/// A line of a sample.
struct PerfSample {
  var process: UInt64
  var thread: UInt64
  var address: UInt64
  var isStore: Bool
  /// Whether the address is followed by its symbol and nothing else, as that of an instruction is.
  var mayBePlace: Bool

  init?(_ text: String) {
    let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
    // The name before it may have spaces, so it is the time that is looked for.
    guard let time = words.firstIndex(where: Self.isTime), time > 0 else { return nil }
    var who = time - 1
    if words[who].hasPrefix("[") { who -= 1 }
    guard who > 0 || who == 0 && words[0].first?.isNumber == true else { return nil }
    let numbers = words[who].split(separator: "/").map { UInt64($0) }
    guard numbers.count == 1 || numbers.count == 2, let first = numbers[0] else { return nil }
    guard let thread = numbers[numbers.count - 1] else { return nil }
    (process, self.thread) = (first, thread)
    guard let event = words[(time + 1)...].firstIndex(where: { $0.hasSuffix(":") }) else {
      return nil
    }
    let data = words[(event + 1)...]
    if let word = data.first {
      guard let address = UInt64(word, radix: 16) else { return nil }
      self.address = address
    } else {
      address = 0
    }
    let rest = data.dropFirst()
    mayBePlace =
      rest.last?.last == ")"
      && !rest.contains { $0.count >= 6 && UInt64($0, radix: 16) != nil || $0.first == "|" }
    let name = words[event]
    isStore = name.contains("store") || text.contains("OP STORE")
  }

  /// Seconds, a point, digits, a colon.
  private static func isTime(_ word: Substring) -> Bool {
    guard word.last == ":" else { return false }
    let parts = word.dropLast().split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
  }
}
