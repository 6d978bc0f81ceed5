package import TraceFiles

/// Reads what glibc's mtrace(3) writes: a line a call, with addresses (malloc/mtrace-impl.c).
///
/// ```
/// = Start
/// @ ./program:[0x119a] + 0x55c2883574a0 0x64      malloc, calloc, memalign
/// @ ./program:[0x11e3] < 0x55c2883574a0           realloc: the old object
/// @ ./program:[0x11e3] > 0x55c288357cf0 0x1f4     realloc: the new one
/// @ ./program:[0x123f] ! 0x55c2883572a0 0x3fff…   realloc that failed
/// @ ./program:[0x11ee] - 0x55c288357510           free
/// = End
/// ```
/// The caller may be missing. mtrace tells neither threads nor which function allocated: all calls
/// are replayed as one thread's malloc, free and realloc.
package final class MTraceReader: HeapLineReader {
  package let format = "mtrace"
  package private(set) var sites = SiteTable()
  package let facts: [TraceFact] = []
  package var threads: UInt32 { 1 }
  let input: TraceInput
  private var objects: AddressedObjects
  /// The sites by their text; as many as the program has callers.
  private var known: [String: UInt32] = [:]
  var lines: [UInt64] = []
  /// The object that realloc's first line named.
  private var resized: UInt64?
  /// Whether the trace has ended, or begun.
  private var isStarted = false

  /// Whether a file begins as mtrace's do.
  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var line = unsafe TextLine(bytes)
    return line.take("= Start") || line.take("@ ")
  }

  package init(_ input: TraceInput, _ options: HeapTraceOptions) {
    self.input = input
    objects = AddressedObjects(options)
  }

  func end() throws(TraceError) {
    if resized != nil { throw fault(.truncated, "realloc's second line is missing") }
  }

  private func fault(_ kind: TraceError.Kind, _ message: String) -> TraceError {
    TraceError(kind, message, at: TracePlace(input.name, line: input.line))
  }

  func take(_ line: inout TextLine, _ batch: HeapEventBatch) throws(TraceError) {
    line.skipSpaces()
    if line.isEmpty || line.first == UInt8(ascii: "=") { return }
    let site = try line.take("@ ") ? takeSite(&line) : 0
    let mark = line.takeByte()
    guard line.take(UInt8(ascii: " ")) else { throw malformed }
    guard let address = Self.address(&line) else { throw malformed }
    let place = TracePlace(input.name, line: input.line)
    if resized != nil && mark != UInt8(ascii: ">") {
      throw fault(.malformed, "realloc's second line, with '>', has to follow its first")
    }
    do throws(AddressedObjects.Failure) {
      switch mark {
      case UInt8(ascii: "+"):
        guard let size = line.hex() else { break }
        return try allocate(address, size, site, batch)
      case UInt8(ascii: "-"):
        let slot = try objects.remove(address)
        return batch.append(
          HeapEvent(
            slot == nil ? .freeUnknown : .free, slot: slot ?? HeapEvent.noSlot, address: address,
            site: site))
      case UInt8(ascii: "<"):
        try objects.require(address)
        resized = address
        return
      case UInt8(ascii: ">"):
        guard let size = line.hex(), let old = resized else { break }
        resized = nil
        guard let slot = try objects.move(old, to: address) else {
          return try allocate(address, size, site, batch)
        }
        return batch.append(
          HeapEvent(
            .realloc, slot: slot, source: slot, size: size, address: address, site: site))
      case UInt8(ascii: "!"):
        guard let size = line.hex() else { break }
        let slot = objects.slot(at: address)
        return batch.append(
          HeapEvent(
            .realloc, slot: slot ?? HeapEvent.noSlot, source: slot ?? HeapEvent.noSlot,
            size: size, site: site, isNull: true))
      default: break
      }
    } catch { throw error.error(address, at: place) }
    throw malformed
  }

  private func allocate(
    _ address: UInt64, _ size: UInt64, _ site: UInt32, _ batch: HeapEventBatch
  ) throws(AddressedObjects.Failure) {
    guard address != 0 else {
      return batch.append(HeapEvent(.malloc, size: size, site: site, isNull: true))
    }
    let added = try objects.add(address)
    if let freed = added.freedBefore {
      batch.append(HeapEvent(.free, slot: freed, address: address))
    }
    batch.append(
      HeapEvent(.malloc, slot: added.slot, size: size, address: address, site: site))
  }

  private var malformed: TraceError {
    fault(.malformed, "no line of mtrace: it has '@ caller', one of + - < > ! and an address")
  }

  /// An address as printf's %p writes it.
  private static func address(_ line: inout TextLine) -> UInt64? {
    if line.take("(nil)") {
      line.skipSpaces()
      return 0
    }
    return line.hex()
  }

  /// Takes the caller up to the last `] ` or ` ` before the mark.
  private func takeSite(_ line: inout TextLine) throws(TraceError) -> UInt32 {
    // A path may hold anything, so the caller ends at the last mark that stands between spaces.
    let marks: [StaticString] = [" + ", " - ", " < ", " > ", " ! "]
    let ends = marks.compactMap { line.lastIndex(of: $0) }
    guard let end = ends.max(), let text = line.text(UInt64(end)) else { throw malformed }
    line.skipSpaces()
    if let site = known[text] { return site }
    guard let string = sites.add(string: text),
      let frame = sites.add(.init(address: 0, function: string)),
      let site = sites.add(SiteTable.Stack(parent: 0, frame: frame))
    else { throw fault(.unsupported, "more callers than a table holds") }
    known[text] = site
    return site
  }
}
