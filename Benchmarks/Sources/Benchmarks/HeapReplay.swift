import ArgumentParser
import Foundation

/// CPU time of `kilburn heap replay` on long traces of Kilburn's own format, and its memory.
struct HeapReplay: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Events a second of replaying traces, by kind of stream, and the memory it takes.")

  @Option(help: "Millions of events in a trace.")
  var millions = 20

  /// What is allocated, and how much of it lives at once.
  private static let streams: [(name: String, live: UInt32, size: @Sendable (UInt64) -> UInt64)] = [
    ("one size, 1,000 live", 1000, { _ in 24 }),
    ("16 to 516 bytes, 10,000 live", 10_000, { 16 + $0 % 500 }),
    (
      "mixed up to 60,000, 100,000 live", 100_000,
      { $0 % 16 > 0 ? 16 + $0 % 1000 : 1000 + $0 % 59_000 }
    ),
  ]

  mutating func run() throws {
    let folder = Guest.checkout.appending(path: ".build/benchmarks")
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true)
    let tool = Guest.checkout.appending(path: ".build/release/kilburn").path
    for stream in Self.streams {
      let file = folder.appending(path: "stream.kht")
      try Self.write(to: file, events: millions * 1_000_000, live: stream.live, size: stream.size)
      let measured = try Measured(tool, ["heap", "replay", file.path])
      let rate = Double(millions) / measured.processorSeconds
      print(
        stream.name,
        String(
          format: "%.2f s of CPU, %.1f million events a second, file %d MB",
          measured.processorSeconds, rate,
          (try file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0) >> 20))
      try FileManager.default.removeItem(at: file)
    }
  }

  /// Writes a trace chunk by chunk (Documentation/HeapTrace.md), uncompressed.
  private static func write(
    to file: URL, events: Int, live most: UInt32, size: (UInt64) -> UInt64
  ) throws {
    try Data().write(to: file)
    let handle = try FileHandle(forWritingTo: file)
    func fixed<T: FixedWidthInteger>(_ value: T) -> Data {
      unsafe withUnsafeBytes(of: value.littleEndian) { unsafe Data($0) }
    }
    func chunk(_ kind: UInt8, _ content: [UInt8], calls: Int, first: Int) throws {
      var header = Data([kind, 0, 0, 0])
      header += fixed(UInt32(content.count)) + fixed(UInt32(content.count))
      header += fixed(UInt32(calls)) + fixed(UInt64(first))
      try handle.write(contentsOf: header + content)
    }
    try handle.write(contentsOf: Data("KLBHEAP\n".utf8) + [1, 0, 0, 0, 0, 0, 0, 0])
    var state: UInt64 = 88_172_645_463_325_252
    func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state >> 20
    }
    var bytes: [UInt8] = []
    var slots: [UInt32] = []
    var free: [UInt32] = []
    var (count, first, fresh) = (0, 1, UInt32(0))
    func append(_ number: UInt64, to bytes: inout [UInt8]) {
      var rest = number
      while rest > 127 {
        bytes.append(UInt8(rest & 127) | 128)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
    for _ in 0..<events {
      if slots.count < most / 2 || (slots.count < most && next() & 1 == 0) {
        if let slot = free.popLast() {
          slots.append(slot)
        } else {
          slots.append(fresh)
          fresh += 1
        }
        bytes.append(0)
        append(size(next()), to: &bytes)
      } else {
        slots.swapAt(Int(next() % UInt64(slots.count)), slots.count - 1)
        let slot = slots.removeLast()
        free.append(slot)
        bytes.append(8)
        append(UInt64(slot), to: &bytes)
      }
      count += 1
      if bytes.count > 1 << 18 {
        try chunk(0x45, bytes, calls: count, first: first)
        (first, count) = (first + count, 0)
        bytes.removeAll(keepingCapacity: true)
      }
    }
    try chunk(0x45, bytes, calls: count, first: first)
    try chunk(0x5a, Array(fixed(UInt64(events)) + fixed(UInt64(0))), calls: 0, first: 0)
    try handle.close()
  }
}
