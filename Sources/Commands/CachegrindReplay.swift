import HardwareModel
import MemoryTraces
import Reports
import TraceFiles

/// `kilburn replay --cachegrind`: what `valgrind --tool=cachegrind` counts, of any trace.
enum CachegrindReplay {
  static func run(
    _ shapes: String, _ traces: [String], _ format: MemoryTraceFile.Format?, _ json: Bool
  ) throws(TraceError) {
    guard traces.count == 1 else {
      throw TraceError(.usage, "--cachegrind: one trace, as cachegrind runs one program")
    }
    let geometries = try geometries(shapes)
    var model = CachegrindModel(
      instructions: geometries[0], data: geometries[1], last: geometries[2])
    // A line that reads and writes the same place is a read to cachegrind.
    let reader = try MemoryTraceFile.open(traces[0], format: format, modify: .load)
    let batch = MemoryTraceBatch()
    repeat {
      reader.read(into: batch)
      for index in 0..<batch.count { model.access(batch[index]) }
    } while !batch.isEmpty && batch.failure == nil
    try show(model.counts, json, partial: batch.failure != nil)
    if let failure = batch.failure { throw failure }
  }

  private static func geometries(_ text: String) throws(TraceError) -> [CacheGeometry] {
    var all: [CacheGeometry] = []
    for part in text.split(separator: ":", omittingEmptySubsequences: false) {
      let numbers = part.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      guard numbers.count == 3, let size = numbers[0], let ways = numbers[1], let line = numbers[2]
      else { break }
      do throws(GeometryError) {
        all.append(try CacheGeometry(bytes: size, ways: ways, line: line))
      } catch { throw TraceError(.usage, "--cachegrind: \(error)") }
    }
    guard all.count == 3 else {
      throw TraceError(
        .usage, "--cachegrind: three caches of size,ways,line: 32768,8,64:32768,8,64:8388608,16,64")
    }
    return all
  }

  private static func show(
    _ counts: CachegrindModel.Counts, _ json: Bool, partial: Bool
  ) throws(TraceError) {
    if json {
      let object: JSON = [
        "format": "kilburn-cachegrind", "version": 1, "partial": .bool(partial),
        "counts": [
          "Ir": .number(counts.Ir), "I1mr": .number(counts.I1mr), "ILmr": .number(counts.ILmr),
          "Dr": .number(counts.Dr), "D1mr": .number(counts.D1mr), "DLmr": .number(counts.DLmr),
          "Dw": .number(counts.Dw), "D1mw": .number(counts.D1mw), "DLmw": .number(counts.DLmw),
        ],
      ]
      return try ReplayCommand.show([object.text])
    }
    let numbers = [
      counts.Ir, counts.I1mr, counts.ILmr, counts.Dr, counts.D1mr, counts.DLmr, counts.Dw,
      counts.D1mw, counts.DLmw,
    ]
    try ReplayCommand.show(
      ["events: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw\n"]
        + ["summary: \(numbers.map { String($0) }.joined(separator: " "))\n"]
        + (partial ? ["partial: the trace was not read to its end\n"] : []))
  }
}
