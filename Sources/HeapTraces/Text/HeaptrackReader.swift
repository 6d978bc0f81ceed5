package import TraceFiles

/// Reads heaptrack's data files, as its library writes them (raw) and as its interpreter does.
///
/// Lines of a letter and hexadecimal numbers:
///
/// | | raw | interpreted |
/// |---|---|---|
/// | `v` | version of heaptrack, of the file | the same |
/// | `x`, `X` | the program; its command line | `X` only |
/// | `I` | page size, pages of the machine | the same |
/// | `m` | a module: name, address, then offset and size of its segments; `-` forgets all | |
/// | `s` | | a string |
/// | `i` | | a place: address, module, then function, file, line and those it is inlined in |
/// | `t` | a stack: address, caller's stack | place, caller's stack |
/// | `a` | | a kind of allocation: size, stack |
/// | `+` | allocation: size, stack, address | of that kind |
/// | `-` | free: address | of an object of that kind |
/// | `c`, `R`, `A`, `S` | milliseconds; resident pages; attached; suppressions | the same |
///
/// Strings have their length before them from file version 3 on. heaptrack writes realloc as free and
/// malloc, tells no threads and no function's name; interpreted, it does not tell which object of a
/// kind is freed: here it is the youngest. Raw, what memalign, valloc and pvalloc return is freed and
/// was never allocated, as heaptrack does not watch them: such frees are passed over, as heaptrack's
/// interpreter does.
package final class HeaptrackReader: HeapLineReader {
  package let format = "heaptrack"
  package var sites = SiteTable()
  package var facts: [TraceFact] = []
  package var threads: UInt32 { 1 }
  let input: TraceInput
  private var objects: AddressedObjects
  var kinds = HeaptrackKinds()
  var modules = HeaptrackModules()
  var lines: [UInt64] = []
  var fileVersion: UInt64 = 0
  /// Whether addresses stand where interpreted files have numbers of places.
  private var isRaw = false
  private var milliseconds: UInt64 = 0

  /// Whether a file begins as heaptrack's do: `v` and two hexadecimal numbers.
  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let end = unsafe bytes.firstIndex(of: 10) ?? bytes.endIndex
    var line = unsafe TextLine(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    return line.take("v ") && line.hex() != nil && line.hex() != nil && line.isEmpty
  }

  package init(_ input: TraceInput, _ options: HeapTraceOptions) {
    self.input = input
    objects = AddressedObjects(options, skipsUnknownFrees: true)
  }

  func end() {}

  var place: TracePlace { TracePlace(input.name, line: input.line) }

  func malformed(_ what: String) -> TraceError {
    TraceError(.malformed, what, at: place)
  }

  func take(_ line: inout TextLine, _ batch: HeapEventBatch) throws(TraceError) {
    if line.isEmpty { return }
    let letter = line.takeByte()
    line.skipSpaces()
    switch letter {
    case UInt8(ascii: "+"): try allocate(&line, batch)
    case UInt8(ascii: "-"): try free(&line, batch)
    case UInt8(ascii: "t"): try stack(&line)
    case UInt8(ascii: "s"): _ = try add(string: try string(&line))
    case UInt8(ascii: "i"): try frame(&line)
    case UInt8(ascii: "a"):
      guard let size = line.hex(), let stack = line.hex(), stack <= UInt64(sites.stacks.count)
      else { throw malformed("a kind of allocation has a size and a stack told before") }
      guard kinds.add(size: size, site: UInt32(stack)) else {
        throw TraceError(.unsupported, "more kinds than a table holds", at: place)
      }
    case UInt8(ascii: "c"):
      guard let now = line.hex() else { throw malformed("a time is a number") }
      if now > milliseconds {
        let (passed, overflow) = (now - milliseconds).multipliedReportingOverflow(by: 1_000_000)
        batch.append(HeapEvent(.time, size: overflow ? .max : passed))
        milliseconds = now
      }
    case UInt8(ascii: "v"):
      guard let version = line.hex(), let file = line.hex() else {
        throw malformed("a version is two numbers")
      }
      guard file <= 3 else {
        throw TraceError(
          .unsupported, "version \(file) of heaptrack's files; 0 to 3 are known", at: place)
      }
      fileVersion = file
      facts.append(TraceFact("heaptrack", String(version, radix: 16)))
    case UInt8(ascii: "x"):
      isRaw = true
      modules.program = try add(string: try string(&line))
    case UInt8(ascii: "X"): facts.append(TraceFact("command", line.rest))
    case UInt8(ascii: "I"):
      if let size = line.hex() { facts.append(TraceFact("page-size", String(size))) }
    case UInt8(ascii: "m"):
      isRaw = true
      try module(&line)
    case UInt8(ascii: "R"), UInt8(ascii: "A"), UInt8(ascii: "S"), UInt8(ascii: "#"): break
    default: throw malformed("no line of heaptrack begins with '\(Self.shown(letter))'")
    }
  }

  private static func shown(_ byte: UInt8) -> String {
    byte >= 0x20 && byte < 0x7f
      ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
  }

  private func allocate(_ line: inout TextLine, _ batch: HeapEventBatch) throws(TraceError) {
    guard let first = line.hex() else { throw malformed("an allocation has a number") }
    guard !line.isEmpty else {
      guard let kind = kinds.take(first) else {
        throw malformed("no kind of allocation \(first) was told, or 2³¹ objects live")
      }
      return batch.append(
        HeapEvent(.malloc, slot: kind.slot, size: kind.size, site: kind.site))
    }
    guard let stack = line.hex(), let address = line.hex(), stack <= UInt64(sites.stacks.count)
    else { throw malformed("an allocation has a size, a stack told before and an address") }
    let site = UInt32(stack)
    guard address != 0 else {
      return batch.append(HeapEvent(.malloc, size: first, site: site, isNull: true))
    }
    do throws(AddressedObjects.Failure) {
      let added = try objects.add(address)
      if let freed = added.freedBefore {
        batch.append(HeapEvent(.free, slot: freed, address: address))
      }
      batch.append(
        HeapEvent(.malloc, slot: added.slot, size: first, address: address, site: site))
    } catch { throw error.error(address, at: place) }
  }

  private func free(_ line: inout TextLine, _ batch: HeapEventBatch) throws(TraceError) {
    guard let number = line.hex() else { throw malformed("a free has a number") }
    if !isRaw && !kinds.isEmpty {
      switch kinds.release(number) {
      case .freed(let slot): return batch.append(HeapEvent(.free, slot: slot))
      case .noKind: throw malformed("no kind of allocation \(number) was told")
      case .none:
        throw TraceError(
          .unknownPointer, "no object of the kind \(number) lives: it never did, or is freed",
          at: place)
      }
    }
    do throws(AddressedObjects.Failure) {
      let slot = try objects.remove(number)
      batch.append(
        HeapEvent(
          slot == nil ? .freeUnknown : .free, slot: slot ?? HeapEvent.noSlot, address: number))
    } catch { throw error.error(number, at: place) }
  }

  private func stack(_ line: inout TextLine) throws(TraceError) {
    guard let at = line.hex(), let parent = line.hex(), parent <= UInt64(sites.stacks.count) else {
      throw malformed("a stack has a place and a caller told before")
    }
    var frame = UInt32(truncatingIfNeeded: at)
    if isRaw {
      let (module, offset) = modules.find(at)
      guard let added = sites.add(SiteTable.Frame(address: offset, module: module)) else {
        throw full
      }
      frame = added
    } else if at > UInt64(sites.frames.count) || at == 0 {
      throw malformed("the place \(at) of a stack was not told")
    }
    guard sites.add(SiteTable.Stack(parent: UInt32(parent), frame: frame)) != nil else {
      throw full
    }
  }

  var full: TraceError {
    TraceError(.unsupported, "more stacks or strings than a table holds", at: place)
  }
}
