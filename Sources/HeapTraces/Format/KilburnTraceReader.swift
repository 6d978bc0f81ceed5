package import TraceFiles
import CompressionLibraries

/// Reads Kilburn's own trace of a heap: a chunk at a time, each event a few bytes.
@safe
package final class KilburnTraceReader: HeapTraceReader {
  package let format = "kilburn"
  package private(set) var sites = SiteTable()
  package private(set) var facts: [TraceFact] = []
  package private(set) var threads: UInt32 = 1
  private let input: TraceInput
  private let chunk = ByteBuffer(capacity: TraceFormat.chunkSize + TraceFormat.recordLimit)
  private let stored = ByteBuffer(capacity: TraceFormat.chunkSize)
  /// SAFETY: created in init, freed in deinit.
  private let context: OpaquePointer?
  private var decoder = KilburnTraceDecoder()
  /// Where in the chunk the next record is; at its end another chunk comes.
  private var at = 0
  private var chunkOffset: UInt64 = 0
  private var isEnded = false

  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    unsafe bytes.count >= 8 && bytes.prefix(8).elementsEqual(TraceFormat.magic)
  }

  package init(_ input: TraceInput) throws(TraceError) {
    self.input = input
    unsafe context = ZSTD_createDCtx()
    guard try input.require(TraceFormat.headerSize) else { throw truncated("the header") }
    let version = unsafe Self.number(UInt16.self, input.available, 8)
    guard version == TraceFormat.version else {
      throw TraceError(
        .unsupported, "version \(version) of the format; \(TraceFormat.version) is known",
        at: TracePlace(input.name, offset: 8))
    }
    input.take(TraceFormat.headerSize)
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  package func place(index: Int) -> TracePlace {
    TracePlace(input.name, offset: chunkOffset)
  }

  private static func number<T: FixedWidthInteger>(
    _ type: T.Type, _ bytes: UnsafeRawBufferPointer, _ offset: Int
  ) -> T {
    T(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  private func truncated(_ what: String) -> TraceError {
    TraceError(
      .truncated, "the file ends before \(what)",
      at: TracePlace(input.name, offset: input.offset, event: decoder.calls))
  }

  private func malformed(_ what: String) -> TraceError {
    TraceError(
      .malformed, what, at: TracePlace(input.name, offset: chunkOffset, event: decoder.calls + 1))
  }

  // MARK: chunks

  /// Reads chunks up to the next one with events; false at the end.
  private func nextChunk() throws(TraceError) -> Bool {
    while !isEnded {
      guard decoder.callsLeft == 0 else { throw malformed("a chunk has fewer calls than it says") }
      chunkOffset = input.offset
      guard try input.require(TraceFormat.chunkHeaderSize) else {
        throw truncated(unsafe input.available.isEmpty ? "the end" : "a chunk's header")
      }
      let header = unsafe self.header(input.available)
      guard let kind = TraceFormat.ChunkKind(rawValue: header.kind) else {
        throw malformed("no chunk is of the kind \(header.kind)")
      }
      guard header.length <= TraceFormat.chunkLimit, header.storedLength <= TraceFormat.chunkLimit,
        header.isCompressed || header.length == header.storedLength
      else { throw malformed("a chunk of \(header.storedLength) bytes, \(header.length) unpacked") }
      input.take(TraceFormat.chunkHeaderSize)
      try load(header)
      switch kind {
      case .facts: takeFacts()
      case .sites: try takeSites()
      case .end: try takeEnd()
      case .events:
        guard header.first == decoder.calls + 1 else {
          throw malformed("a chunk begins with call \(header.first) and not \(decoder.calls + 1)")
        }
        at = 0
        decoder.beginChunk(calls: header.count)
        return true
      }
    }
    return false
  }

  private func header(_ bytes: UnsafeRawBufferPointer) -> TraceFormat.ChunkHeader {
    unsafe TraceFormat.ChunkHeader(
      kind: bytes[0], isCompressed: bytes[1] == 1,
      storedLength: Self.number(UInt32.self, bytes, 4),
      length: Self.number(UInt32.self, bytes, 8), count: Self.number(UInt32.self, bytes, 12),
      first: Self.number(UInt64.self, bytes, 16))
  }

  /// The chunk's bytes, unpacked, with zeros behind them that no record's reading leaves.
  private func load(_ header: TraceFormat.ChunkHeader) throws(TraceError) {
    let target = header.isCompressed ? stored : chunk
    target.removeAll()
    var left = Int(header.storedLength)
    while left > 0 {
      if unsafe input.available.isEmpty {
        guard try input.fill() else { throw truncated("\(left) bytes of a chunk") }
      }
      let count = unsafe min(left, input.available.count)
      let room = unsafe UnsafeMutableRawPointer(target.room(count))
      if let base = unsafe input.available.baseAddress {
        unsafe room.copyMemory(from: base, byteCount: count)
      }
      target.set(count: target.count + count)
      input.take(count)
      left -= count
    }
    let length = Int(header.length)
    if header.isCompressed {
      chunk.removeAll()
      let room = unsafe chunk.room(length + TraceFormat.recordLimit)
      let result = unsafe ZSTD_decompressDCtx(context, room, length, stored.bytes, stored.count)
      guard result == length else { throw malformed("a chunk does not decompress") }
      chunk.set(count: length)
    }
    let padding = unsafe chunk.room(TraceFormat.recordLimit)
    unsafe padding.initialize(repeating: 0, count: TraceFormat.recordLimit)
    at = length
  }

  private func takeFacts() {
    let text = unsafe String(decoding: chunk.raw, as: UTF8.self)
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
      if let name = parts.first {
        facts.append(TraceFact(name, parts.count > 1 ? parts[1] : ""))
      }
    }
  }

  private func takeEnd() throws(TraceError) {
    isEnded = true
    guard chunk.count >= 8, unsafe Self.number(UInt64.self, chunk.raw, 0) == decoder.calls else {
      throw malformed("the end tells another number of calls than the \(decoder.calls) that came")
    }
  }

  private func takeSites() throws(TraceError) {
    var at = 0
    func number() throws(TraceError) -> UInt64 {
      var cursor = unsafe chunk.bytes + at
      guard at < chunk.count, let value = unsafe KilburnTraceDecoder.leb(&cursor) else {
        throw malformed("a site's number is cut off")
      }
      at = unsafe cursor - chunk.bytes
      return value
    }
    func small() throws(TraceError) -> UInt32 { UInt32(clamping: try number()) }
    while at < chunk.count {
      let kind = unsafe chunk.bytes[at]
      at += 1
      let added: UInt32?
      switch TraceFormat.SiteRecord(rawValue: kind) {
      case .string:
        let length = try number()
        guard at <= chunk.count, length <= UInt64(chunk.count - at) else {
          throw malformed("a string is longer than its chunk")
        }
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: chunk.raw[at..<at + Int(length)])
        at += Int(length)
        added = sites.add(string: unsafe String(decoding: bytes, as: UTF8.self))
      case .frame:
        let address = try number()
        added = sites.add(
          SiteTable.Frame(
            address: address, module: try small(), function: try small(), file: try small(),
            line: try small()))
      case .stack: added = sites.add(SiteTable.Stack(parent: try small(), frame: try small()))
      case nil: throw malformed("no site is of the kind \(kind)")
      }
      guard added != nil, at <= chunk.count else {
        throw malformed("a site names what was not told, or is one too many")
      }
    }
    self.at = chunk.count
  }

  // MARK: events

  package func read(into batch: HeapEventBatch) {
    batch.removeAll()
    do throws(TraceError) {
      while !batch.isFull {
        if at >= chunk.count, try !nextChunk() { break }
        try decode(into: batch)
      }
    } catch { batch.failure = error }
  }

  /// Decodes records of the chunk until it or the batch ends.
  private func decode(into batch: HeapEventBatch) throws(TraceError) {
    let failure = unsafe decoder.decode(
      chunk.bytes, from: &at, to: chunk.count, into: batch, sites: UInt64(sites.stacks.count))
    threads = decoder.threads
    if let failure { throw malformed("\(failure)") }
  }
}
