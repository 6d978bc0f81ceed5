import TraceFiles
import Foundation
import HeapTraces

/// Traces for tests: recorded ones, and texts written to files.
enum Samples {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "Samples")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// All events of a trace, and why there are no more.
  static func events(_ reader: any HeapTraceReader) -> ([HeapEvent], TraceError?) {
    let batch = HeapEventBatch()
    var events: [HeapEvent] = []
    while true {
      reader.read(into: batch)
      for index in 0..<batch.count { events.append(batch[index]) }
      if batch.failure != nil || batch.count == 0 { return (events, batch.failure) }
    }
  }

  static func events(
    _ path: String, _ options: HeapTraceOptions = HeapTraceOptions()
  ) throws -> ([HeapEvent], TraceError?) {
    events(try HeapTraceFile.open(path, options))
  }

  /// The same of bytes, through a file that is gone afterwards.
  static func events(
    of bytes: some Sequence<UInt8>, _ options: HeapTraceOptions = HeapTraceOptions()
  ) throws -> ([HeapEvent], TraceError?) {
    try withFile(bytes) { try events($0, options) }
  }

  /// Why a trace of these bytes cannot be opened or read to its end.
  static func failure(of bytes: some Sequence<UInt8>) -> TraceError? {
    do { return try events(of: bytes).1 } catch { return error as? TraceError }
  }

  static func withFile<T>(_ bytes: some Sequence<UInt8>, _ body: (String) throws -> T) throws -> T {
    let file = FileManager.default.temporaryDirectory.appending(path: "kilburn-heap-\(UUID())")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try body(file.path)
  }
}

extension [HeapEvent] {
  /// How many calls of a kind it has.
  func count(_ operation: HeapOperation) -> Int { count { $0.operation == operation } }
  var calls: [HeapEvent] { filter { $0.operation.isCall } }
}
