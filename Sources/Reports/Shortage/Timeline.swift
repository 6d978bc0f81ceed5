import BoardFormat
package import MemoryTypes

/// How memory was used over the machine's time: a row of CSV for each sample that the kernel told.
///
/// Documentation/ReportFormat.md says what the columns are.
package struct Timeline {
  private let page: UInt64
  private var rest: [UInt8] = []
  /// The words of a sample's records so far.
  private var words: [UInt64] = []
  /// When the last sample was taken, and what had been stalled then, in microseconds.
  private var last: (time: UInt64, some: UInt64)?
  /// Rows given out.
  package private(set) var count = 0

  package init(pageSize: PageSize) { page = pageSize.bytes.rawValue }

  /// The first line.
  package static let header =
    "time_us,free_kb,cache_kb,anonymous_kb,resident_kb,swap_kb,slab_kb,tables_kb,dirty_kb,"
    + "writeback_kb,scanned,taken,swapped_out,swapped_in,refaults_anonymous,refaults_file,"
    + "stalled_some_us,stalled_full_us,pressure\n"

  /// Takes bytes of the trace channel, in pieces of any length; answers the rows that are complete.
  package mutating func receive(_ bytes: [UInt8]) -> String {
    rest += bytes
    var rows = ""
    var at = 0
    while at + TraceRecord.size <= rest.count {
      let record = unsafe rest.withUnsafeBytes {
        unsafe $0.loadUnaligned(fromByteOffset: at, as: TraceRecord.self)
      }
      at += TraceRecord.size
      guard record.kind == TraceKind.sample.rawValue else { continue }
      if record.number == 0 { words = [] }
      // One whose beginning was never told.
      guard words.count == 6 * Int(record.number) else { continue }
      for index in 0..<6 { words.append(record.words[index]) }
      if words.count == 18 { rows += row() }
    }
    rest.removeFirst(at)
    return rows
  }

  private mutating func row() -> String {
    func kibibytes(_ pages: UInt64) -> UInt64 {
      pages.multipliedReportingOverflow(by: page).partialValue / 1024
    }
    let w = words
    words = []
    let time = w[0] / 1000
    let (some, full) = (w[8], w[9])
    var pressure = 0.0
    if let last, time > last.time {
      pressure = Double(some &- last.some) * 100 / Double(time - last.time)
    }
    last = (time, some)
    count += 1
    let sizes = [w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[16], w[17]].map(kibibytes)
    let counts = [w[10], w[11], w[12], w[13], w[14], w[15], some, full]
    let tenths = Int((min(pressure, 100) * 10).rounded())
    let figures = ([time] + sizes + counts).map { "\($0)" }.joined(separator: ",")
    return figures + ",\(tenths / 10).\(tenths % 10)\n"
  }
}
