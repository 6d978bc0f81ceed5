import BoardFormat
import HeapTraces

/// The stacks that were seen, each place and each stack once, with the names of the moment.
struct WatchedStacks {
  private struct Place: Hashable {
    var root: UInt64
    var address: UInt64
  }

  private(set) var sites = SiteTable()
  private var symbolizer: TraceSymbolizer
  private let pageSize: UInt64
  /// Frames by place, for the areas as they are; by what they say, for ever.
  private var places: [UInt64: [UInt64: UInt32]] = [:]
  private var frames: [SiteTable.Frame: UInt32] = [:]
  private var strings: [String: UInt32] = [:]
  private var stacks: [SiteTable.Stack: UInt32] = [:]

  init(symbolizer: TraceSymbolizer, pageSize: UInt64) {
    self.symbolizer = symbolizer
    self.pageSize = pageSize
  }

  /// The areas of a space are others now, and its addresses may mean something else.
  mutating func forget(_ root: UInt64) { places[root] = nil }

  /// A stack's number; `callers` are return addresses, innermost first.
  mutating func site(
    of callers: some BidirectionalCollection<UInt64>, in space: TraceSpace?, _ root: UInt64
  ) -> UInt32 {
    var stack: UInt32 = 0
    for address in callers.reversed() {
      // A call may be the last instruction of a function that does not return.
      guard let frame = frame(at: address &- 4, in: space, root) else { return stack }
      let next = SiteTable.Stack(parent: stack, frame: frame)
      if let known = stacks[next] {
        stack = known
      } else {
        guard let number = sites.add(next) else { return stack }
        stacks[next] = number
        stack = number
      }
    }
    return stack
  }

  private mutating func frame(
    at address: UInt64, in space: TraceSpace?, _ root: UInt64
  ) -> UInt32? {
    if let known = places[root]?[address] { return known }
    var frame = SiteTable.Frame(address: address)
    if let area = space?.area(at: address), area.name == .file {
      frame.address = area.fileOffset(of: address, pageSize)
      guard let module = string(area.path),
        let function = string(
          symbolizer.function(at: frame.address, in: area.path)?.name ?? "")
      else { return nil }
      (frame.module, frame.function) = (module, function)
    }
    var number = frames[frame]
    if number == nil {
      number = sites.add(frame)
      frames[frame] = number
    }
    places[root, default: [:]][address] = number
    return number
  }

  private mutating func string(_ text: String) -> UInt32? {
    if text.isEmpty { return 0 }
    if let known = strings[text] { return known }
    let number = sites.add(string: text)
    strings[text] = number
    return number
  }
}
