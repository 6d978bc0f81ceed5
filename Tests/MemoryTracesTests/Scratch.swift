import Glibc
import HardwareModel
import MemoryTraces
import TraceFiles

/// Files that are gone behind a test.
enum Scratch {
  static func path() -> String {
    "/tmp/kilburn-memory-trace-\(getpid())-\(UInt64.random(in: 0...(.max)))"
  }

  static func file<T>(_ bytes: [UInt8], _ body: (String) throws -> T) rethrows -> T {
    let path = path()
    write(bytes, path)
    defer { unsafe unlink(path) }
    return try body(path)
  }

  static func write(_ bytes: [UInt8], _ path: String) {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes[done...].withUnsafeBytes { rest in
        unsafe Glibc.write(file, rest.baseAddress, rest.count)
      }
      precondition(count > 0)
      done += count
    }
    close(file)
  }

  static func bytes(of path: String) -> [UInt8] {
    let file = unsafe open(path, O_RDONLY)
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe piece.withUnsafeMutableBytes { room in
        unsafe Glibc.read(file, room.baseAddress, room.count)
      }
      guard count > 0 else { return bytes }
      bytes += piece[..<count]
    }
  }
}

/// All of a trace.
struct WholeTrace {
  var records: [AccessRecord] = []
  /// Events, with the number of accesses of the whole trace before them.
  var events: [MemoryTraceEvent] = []
  var failure: TraceError?

  init(_ reader: any MemoryTraceReader) {
    let batch = MemoryTraceBatch()
    while true {
      reader.read(into: batch)
      for event in batch.events {
        var event = event
        event.position += records.count
        events.append(event)
      }
      for index in 0..<batch.count { records.append(batch[index]) }
      failure = batch.failure
      if batch.isEmpty || failure != nil { return }
    }
  }

  init(path: String, format: MemoryTraceFile.Format? = nil) {
    do throws(TraceError) {
      self = WholeTrace(try MemoryTraceFile.open(path, format: format))
    } catch { self.failure = error }
  }

  init(_ bytes: [UInt8], format: MemoryTraceFile.Format? = nil) {
    self = Scratch.file(bytes) { WholeTrace(path: $0, format: format) }
  }

  init(_ text: String, format: MemoryTraceFile.Format? = nil) {
    self.init(Array(text.utf8), format: format)
  }
}
