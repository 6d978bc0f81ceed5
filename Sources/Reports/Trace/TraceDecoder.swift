import BoardFormat

/// Makes events of the bytes on the trace channel, which come in pieces of any length.
///
/// A record that cannot be, which only a kernel gone wild sends, is passed over and counted.
package struct TraceDecoder {
  private var rest: [UInt8] = []
  /// An event that waits for its text, for its areas, or for more callers.
  private var waiting: TraceEvent.What?
  private var areasToCome = 0
  private var text: [UInt8] = []
  private var stack: [UInt64] = []
  /// Records that made no sense.
  package private(set) var malformed = 0

  package init() {}

  /// Takes the next bytes, and gives what is complete to `body`.
  package mutating func receive(_ bytes: [UInt8], _ body: (TraceEvent) -> Void) {
    rest += bytes
    var at = 0
    while at + TraceRecord.size <= rest.count {
      let record = unsafe rest.withUnsafeBytes {
        unsafe $0.loadUnaligned(fromByteOffset: at, as: TraceRecord.self)
      }
      at += TraceRecord.size
      take(record, body)
    }
    rest.removeFirst(at)
  }

  private mutating func take(_ record: TraceRecord, _ body: (TraceEvent) -> Void) {
    guard let kind = TraceKind(rawValue: record.kind) else {
      malformed += 1
      return
    }
    func send(_ what: TraceEvent.What) {
      body(TraceEvent(instructions: record.instructions, what: what))
    }
    let w = record.words
    let number = Int(record.number)
    switch kind {
    case .callBegin:
      send(.callBegin(number: number, arguments: [w[0], w[1], w[2], w[3], w[4], w[5]]))
    case .callEnd: send(.callEnd(number: number, result: w[0]))
    case .faultBegin:
      let access = TraceAccess(rawValue: record.detail) ?? .read
      send(.faultBegin(access, address: w[0], isKernel: number == 1))
    case .faultEnd:
      let outcome = TraceOutcome(rawValue: record.detail) ?? .resolved
      send(.faultEnd(outcome, page: w[0], before: w[1], after: w[2], isMajor: w[3] != 0))
    case .areas:
      areasToCome = number
      waiting = .areas(root: w[0], from: w[1], to: w[2], [])
      sendAreas(send)
    case .area:
      guard case .areas(let root, let from, let to, var list)? = waiting else {
        malformed += 1
        return
      }
      let name = TraceAreaName(rawValue: record.detail) ?? .none
      list.append(
        TraceArea(
          start: w[0], end: w[1], flags: w[2], pageOffset: w[3], inode: w[4], name: name))
      waiting = .areas(root: root, from: from, to: to, list)
      if name != .file { areasToCome -= 1 }
      sendAreas(send)
    case .text: takeText(record, send)
    case .frameAllocated: send(.frameAllocated(frame: w[0], order: w[1], flags: w[2]))
    case .frameFreed: send(.frameFreed(frame: w[0], order: w[1]))
    case .tableMade: send(.tableMade(level: Int(record.detail), frame: w[0]))
    case .tableFreed: send(.tableFreed(level: Int(record.detail), frame: w[0]))
    case .entries:
      let kind = TraceEntries(rawValue: record.detail) ?? .protected
      send(.entries(kind, start: w[0], count: w[1], other: w[2]))
    case .invalidated:
      let kind = TraceInvalidation(rawValue: record.detail) ?? .all
      send(.invalidated(kind, address: w[0], pages: w[1], asid: w[2]))
    case .pageCopied: send(.pageCopied(from: w[0], to: w[1]))
    case .switched: send(.switched(task: record.number, root: w[0], asid: w[1]))
    case .taskMade:
      send(.taskMade(task: record.number, group: w[0], parent: w[1], root: w[2]))
    case .taskBegan: waiting = .taskBegan(task: record.number, root: w[0], path: "")
    case .taskEnded: send(.taskEnded(task: record.number, status: w[0]))
    case .spaceGone: send(.spaceGone(root: w[0]))
    case .signal:
      send(
        .signal(
          number: record.number, handler: w[0], code: Int32(truncatingIfNeeded: w[1]),
          address: w[2]))
    case .stack:
      for index in 0..<min(6, Int(record.detail)) { stack.append(w[index]) }
      guard number == 0 else { return }
      send(.stack(stack))
      stack = []
    case .argument: waiting = .argument(index: Int(record.detail), path: "")
    case .probeEntered:
      send(
        .probeEntered(
          tag: record.detail, task: record.number, arguments: [w[0], w[1], w[2]],
          stackPointer: w[3], isInside: w[4] != 0))
    case .probeLeft:
      send(
        .probeLeft(tag: record.detail, task: record.number, result: w[0], stackPointer: w[1]))
    case .probeLost: send(.probeLost(tag: record.detail, task: record.number))
    // Of a timeline, which is read apart.
    case .sample: break
    }
  }

  private mutating func takeText(_ record: TraceRecord, _ send: (TraceEvent.What) -> Void) {
    for index in 0..<min(48, Int(record.detail)) {
      text.append(UInt8(truncatingIfNeeded: record.words[index / 8] >> UInt64(8 * (index % 8))))
    }
    guard record.number == 0 else { return }
    let path = String(decoding: text, as: UTF8.self)
    text = []
    switch waiting {
    case .areas(let root, let from, let to, var list)?:
      guard !list.isEmpty else { break }
      list[list.count - 1].path = path
      waiting = .areas(root: root, from: from, to: to, list)
      areasToCome -= 1
      sendAreas(send)
      return
    case .argument(let index, _)?: send(.argument(index: index, path: path))
    case .taskBegan(let task, let root, _)?: send(.taskBegan(task: task, root: root, path: path))
    default: malformed += 1
    }
    waiting = nil
  }

  private mutating func sendAreas(_ send: (TraceEvent.What) -> Void) {
    guard areasToCome <= 0, let waiting else { return }
    send(waiting)
    self.waiting = nil
  }
}
