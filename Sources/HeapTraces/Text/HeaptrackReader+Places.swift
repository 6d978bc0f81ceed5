import TraceFiles

extension HeaptrackReader {
  /// A string: with its length before it from file version 3 on, else the rest of the line.
  func string(_ line: inout TextLine) throws(TraceError) -> String {
    guard fileVersion >= 3 else { return line.rest }
    guard let length = line.hex(), let text = line.text(length) else {
      throw malformed("a string is longer than its line")
    }
    _ = line.take(UInt8(ascii: " "))
    return text
  }

  func add(string: String) throws(TraceError) -> UInt32 {
    guard let number = sites.add(string: string) else { throw full }
    return number
  }

  /// `m NAME ADDRESS (OFFSET SIZE)…`, or `m -`: other modules are told from here on.
  func module(_ line: inout TextLine) throws(TraceError) {
    let name: String
    if fileVersion >= 3 {
      name = try string(&line)
    } else {
      // Up to the first space; before version 3 no name had any.
      name = String(line.rest.prefix { $0 != " " })
      line.skip(name.utf8.count + 1)
    }
    if name == "-" { return modules.removeAll() }
    guard let base = line.hex() else { throw malformed("a module has a name and an address") }
    // The program itself is called x.
    let string = name == "x" ? modules.program : try add(string: name)
    while !line.isEmpty {
      guard let offset = line.hex(), let size = line.hex() else {
        throw malformed("a module's segments have an offset and a size each")
      }
      guard modules.add(base: base, offset: offset, size: size, string) else {
        throw TraceError(.unsupported, "more than 65536 segments of modules", at: place)
      }
    }
  }

  /// `i ADDRESS MODULE [FUNCTION FILE LINE]…`: the first is the innermost.
  func frame(_ line: inout TextLine) throws(TraceError) {
    guard let address = line.hex(), let module = line.hex() else {
      throw malformed("a place has an address and a module")
    }
    var frame = SiteTable.Frame(address: address, module: UInt32(clamping: module))
    if !line.isEmpty {
      // Only a function, or all three.
      frame.function = UInt32(clamping: line.hex() ?? .max)
      if !line.isEmpty {
        frame.file = UInt32(clamping: line.hex() ?? .max)
        frame.line = UInt32(clamping: line.hex() ?? .max)
      }
    }
    guard sites.add(frame) != nil else {
      throw malformed("a place's module, function or file was not told")
    }
  }
}

/// Where modules lie, by address.
struct HeaptrackModules {
  private struct Segment {
    var start: UInt64
    var size: UInt64
    var base: UInt64
    var name: UInt32
  }

  /// The program's own name.
  var program: UInt32 = 0
  /// In order of their starts.
  private var segments: [Segment] = []

  mutating func removeAll() { segments.removeAll() }

  mutating func add(base: UInt64, offset: UInt64, size: UInt64, _ name: UInt32) -> Bool {
    guard segments.count < 65536 else { return false }
    let start = base &+ offset
    segments.insert(
      Segment(start: start, size: size, base: base, name: name), at: index(behind: start))
    return true
  }

  /// How many start at an address or below.
  private func index(behind address: UInt64) -> Int {
    var (low, high) = (0, segments.count)
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The module at an address and the offset in it; no module, and the address, where none is known.
  func find(_ address: UInt64) -> (module: UInt32, offset: UInt64) {
    let index = index(behind: address)
    guard index > 0 else { return (0, address) }
    let segment = segments[index - 1]
    guard address &- segment.start < segment.size else { return (0, address) }
    return (segment.name, address &- segment.base)
  }
}

/// The kinds of allocation of an interpreted file, and the live objects of each, youngest first.
struct HeaptrackKinds: ~Copyable {
  private struct Kind {
    var size: UInt64
    var site: UInt32
    /// The youngest object's slot, plus 1.
    var youngest: UInt32 = 0
  }

  enum Released {
    case freed(UInt32)
    case noKind
    case none
  }

  private var kinds: [Kind] = []
  private var slots = SlotList()
  /// Of a live object's slot: the next older one of its kind, plus 1.
  private var older: [UInt32] = []

  init() {}

  var isEmpty: Bool { kinds.isEmpty }

  mutating func add(size: UInt64, site: UInt32) -> Bool {
    guard kinds.count < SiteTable.limit else { return false }
    kinds.append(Kind(size: size, site: site))
    return true
  }

  mutating func take(_ number: UInt64) -> (slot: UInt32, size: UInt64, site: UInt32)? {
    guard number < UInt64(kinds.count), let slot = slots.take() else { return nil }
    let kind = kinds[Int(number)]
    if Int(slot) == older.count { older.append(0) }
    older[Int(slot)] = kind.youngest
    kinds[Int(number)].youngest = slot + 1
    return (slot, kind.size, kind.site)
  }

  mutating func release(_ number: UInt64) -> Released {
    guard number < UInt64(kinds.count) else { return .noKind }
    let youngest = kinds[Int(number)].youngest
    guard youngest > 0 else { return .none }
    kinds[Int(number)].youngest = older[Int(youngest) - 1]
    _ = slots.release(youngest - 1)
    return .freed(youngest - 1)
  }
}
