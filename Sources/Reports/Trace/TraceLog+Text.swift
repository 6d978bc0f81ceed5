import Arm64
import BoardFormat
import Machine
import MemoryTypes

/// The log as text for people.
extension TraceLog {
  /// Adds a line under the innermost cause, or writes it where there is none.
  mutating func put(_ line: String) {
    guard var cause = state.task.causes.popLast() else {
      output += prefix(at: nil, depth: 0) + line + "\n"
      return
    }
    let isOpen = cause.isOpen
    if !isOpen {
      cause.lines.append(line)
      cause.run = nil
    }
    let isMuch = cause.lines.count > Self.patience
    state.task.causes.append(cause)
    if isOpen { output += prefix(at: nil, depth: state.task.causes.count) + line + "\n" }
    if isMuch { open() }
  }

  /// Adds a line for a frame, or lengthens the last one where the frames follow each other.
  mutating func put(_ what: TraceState.FrameRun.What, frame: UInt64) {
    guard var cause = state.task.causes.popLast() else {
      return put(TraceState.FrameRun(what: what, first: frame, last: frame, count: 1).text)
    }
    if !cause.isOpen, var run = cause.run, run.what == what, run.takes(frame) {
      cause.run = run
      cause.lines[cause.lines.count - 1] = run.text
      state.task.causes.append(cause)
      return
    }
    state.task.causes.append(cause)
    let run = TraceState.FrameRun(what: what, first: frame, last: frame, count: 1)
    put(run.text)
    if let last = state.task.causes.indices.last, !state.task.causes[last].isOpen {
      state.tasks[state.current]?.causes[last].run = run
    }
  }

  /// Writes the first lines of all causes that the current task is in the middle of.
  mutating func open() {
    guard form == .text else { return }
    var causes = state.task.causes
    for index in causes.indices where causes[index].isShown && !causes[index].isOpen {
      let cause = causes[index]
      output += prefix(at: cause.began, depth: index) + title(cause) + " …\n"
      for line in callers(cause) + cause.lines {
        output += prefix(at: nil, depth: index + 1) + line + "\n"
      }
      causes[index].isOpen = true
      causes[index].lines = []
    }
    state.task.causes = causes
  }

  /// Writes a cause that has ended, or hands its lines to the cause around it.
  mutating func closeText(_ cause: TraceState.Cause, _ event: TraceEvent) {
    let depth = state.task.causes.count
    var cause = cause
    if let line = entryLine(event) {
      if cause.isOpen {
        output += prefix(at: nil, depth: depth + 1) + line + "\n"
      } else {
        cause.lines.append(line)
      }
    }
    let text = title(cause) + " " + result(event)
    let cost = event.instructions &- cause.began
    if cause.isOpen {
      output += prefix(at: event.instructions, depth: depth) + "└ " + text
      output += "  (\(Self.grouped(cost)) instructions)\n"
      return
    }
    let head = text + "  (\(Self.grouped(cost)) instructions)"
    let lines = callers(cause) + cause.lines
    if let outer = state.task.causes.last, outer.isShown, !outer.isOpen {
      put(head)
      for line in lines { put("  " + line) }
      return
    }
    output += prefix(at: cause.began, depth: depth) + head + "\n"
    for line in lines { output += prefix(at: nil, depth: depth + 1) + line + "\n" }
  }

  /// The columns before a line: when, in instructions from the start, and who.
  private func prefix(at instructions: UInt64?, depth: Int) -> String {
    let time = instructions.map { Self.grouped($0 &- (start ?? 0)) } ?? ""
    let who = instructions == nil ? "" : "\(state.current)"
    return Self.padded(time, 15) + Self.padded(who, 6) + "  "
      + String(repeating: "  ", count: depth)
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// 1,234,567.
  static func grouped(_ value: UInt64) -> String {
    var digits = String(value)
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(digits.suffix(3), at: 0)
      digits.removeLast(3)
    }
    return ([digits[...]] + groups).joined(separator: ",")
  }

  func title(_ cause: TraceState.Cause) -> String {
    switch cause.kind {
    case .call(let number, let arguments):
      return CallText.text(number, arguments, paths: cause.paths)
    case .fault(let access, let address, let isKernel):
      let area = state.space?.area(at: address)
      let place = area.map {
        [" in", $0.permissions, $0.label].filter { $0 != "" }.joined(separator: " ")
      }
      let whose = isKernel ? ", for the kernel" : ""
      return "fault: \(access) at \(hexadecimal(address))\(place ?? "")\(whose)"
    }
  }

  private func callers(_ cause: TraceState.Cause) -> [String] {
    cause.callers.isEmpty ? [] : ["in " + cause.callers.joined(separator: " ← ")]
  }

  /// The places of a stack, innermost first; the link register only where it says more than the
  /// callers do.
  mutating func names(of stack: [UInt64]) -> [String] {
    var places = stack
    if places.count >= 2 {
      let isCaller = places.dropFirst(2).contains(places[1]) || places[1] == 0
      if isCaller { places.remove(at: 1) }
    }
    let space = state.space
    var names: [String] = []
    for (index, place) in places.enumerated() {
      let name = symbolizer.name(place, in: space, pageSize: pageSize)
      // A link register of a call that has returned names the function itself.
      if index == 1, places.count == stack.count, Self.function(name) == Self.function(names[0]) {
        continue
      }
      names.append(name)
    }
    return names
  }

  private static func function(_ name: String) -> Substring { name.prefix { $0 != "+" } }

  private func result(_ event: TraceEvent) -> String {
    switch event.what {
    case .callEnd(let number, let result): return "= " + CallText.result(number, result)
    case .faultEnd(let outcome, _, _, _, let isMajor):
      guard outcome == .resolved else { return "→ " + Self.refusal(outcome) }
      return isMajor ? "→ major" : "→ minor"
    default: return ""
    }
  }

  /// What a fault wrote into the last-level table.
  private func entryLine(_ event: TraceEvent) -> String? {
    guard case .faultEnd(_, let page, let before, let after, _) = event.what, before != after,
      filter.shows(.tables)
    else { return nil }
    return "entry of \(hexadecimal(page)): \(entry(before)) → \(entry(after))"
  }

  static func refusal(_ outcome: TraceOutcome) -> String {
    switch outcome {
    case .resolved: ""
    case .notMapped: "refused: nothing is mapped there"
    case .accessDenied: "refused: the area does not allow it"
    case .beyondObject: "refused: beyond the end of the object"
    case .outOfMemory: "no frame to be had"
    }
  }

  /// A last-level descriptor in words.
  func entry(_ raw: UInt64) -> String {
    let descriptor = Descriptor(raw)
    if descriptor.isNone { return "none" }
    let frame = descriptor.frame(in: geometry)
    var words = "frame \(hexadecimal(frame.rawValue))"
    if descriptor.isProtNone { return words + " PROT_NONE" }
    words += descriptor.isWritable ? " rw" : " r"
    if descriptor.isUserExecutable { words += "x" }
    if descriptor.isSpecial { words += ", zero page or the kernel's" }
    words += descriptor.isYoung ? ", young" : ", old"
    words += descriptor.isDirty ? ", dirty" : ", clean"
    return words + " [\(String(raw, radix: 16))]"
  }

  /// An effect's lines.
  func lines(_ event: TraceEvent, _ changes: [TraceSpace.Change]) -> [String] {
    switch event.what {
    case .areas: return changes.map(line)
    case .pageCopied(let from, let to):
      let size = pageSize
      return [
        "page copied from frame \(hexadecimal(from / size)) to "
          + hexadecimal(to / size)
      ]
    case .tableMade(let level, let frame):
      return ["table of level \(level) made in frame \(hexadecimal(frame))"]
    case .tableFreed(let level, let frame):
      return ["table of level \(level) in frame \(hexadecimal(frame)) unhooked"]
    case .entries(let kind, let start, let count, let other):
      return [entriesText(kind, start, count, other)]
    case .invalidated(let kind, let address, let pages, let asid):
      return ["tlb: \(invalidation(kind, address, pages, asid))"]
    case .switched(let task, let root, let asid):
      guard state.hasMany else { return [] }
      return [
        root == 0
          ? "task \(task) runs, in the space of whoever ran before"
          : "task \(task) runs: root \(hexadecimal(root)), ASID \(asid)"
      ]
    case .taskMade(let task, let group, let parent, let root):
      let kind = Int32(truncatingIfNeeded: group) == task ? "process" : "thread of \(group)"
      return ["task \(task) made: \(kind), parent \(parent), root \(hexadecimal(root))"]
    case .taskBegan(let task, let root, let path):
      return ["task \(task) begins \(path), root \(hexadecimal(root))"]
    case .taskEnded(let task, let status):
      let signal = status & 0x7f
      return [
        signal == 0
          ? "task \(task) ends with \(status >> 8)"
          : "task \(task) ends by \(SignalName.of(UInt32(signal)))"
      ]
    case .spaceGone(let root): return ["space of root \(hexadecimal(root)) torn down"]
    case .signal(let number, let handler, let code, let address):
      return [
        "signal \(SignalName.of(UInt32(bitPattern: number))) code \(code) "
          + "\(hexadecimal(address)): handler \(hexadecimal(handler))"
      ]
    default: return []
    }
  }

  private func line(_ change: TraceSpace.Change) -> String {
    switch change {
    case .added(let area): return "area + " + text(area)
    case .removed(let area): return "area - " + text(area)
    case .changed(let old, let new):
      var was: [String] = []
      if old.start != new.start || old.end != new.end { was.append(range(old)) }
      if old.permissions != new.permissions { was.append(old.permissions) }
      if was.isEmpty { was.append("flags \(hexadecimal(old.flags))") }
      let flags =
        old.permissions == new.permissions && old.start == new.start
          && old.end == new.end ? " flags \(hexadecimal(new.flags))" : ""
      return "area ~ " + text(new) + flags + ", was " + was.joined(separator: " ")
    }
  }

  private func range(_ area: TraceArea) -> String {
    String(area.start, radix: 16) + "-" + String(area.end, radix: 16)
  }

  private func text(_ area: TraceArea) -> String {
    let size = ByteCount(area.end - area.start).rounded
    return [range(area), area.permissions, size, area.label].filter { !$0.isEmpty }
      .joined(separator: " ")
  }

  private func entriesText(
    _ kind: TraceEntries, _ start: UInt64, _ count: UInt64, _ other: UInt64
  ) -> String {
    let what = "\(count) \(count == 1 ? "entry" : "entries") from \(hexadecimal(start))"
    switch kind {
    case .mappedAround: return what + " written by fault-around"
    case .cleared: return what + " cleared"
    case .protected: return what + " given other rights"
    case .shared: return what + " shared with root \(hexadecimal(other))"
    case .moved: return what + " moved to \(hexadecimal(other))"
    case .aged: return what + " made old and clean"
    }
  }

  private func invalidation(
    _ kind: TraceInvalidation, _ address: UInt64, _ pages: UInt64, _ asid: UInt64
  ) -> String {
    let place = hexadecimal(address)
    switch kind {
    case .page: return "page \(place) of ASID \(asid) forgotten"
    case .pageAndTables: return "page \(place) of ASID \(asid) forgotten, with its tables"
    case .range: return "\(pages) pages from \(place) of ASID \(asid) forgotten"
    case .rangeAndTables:
      return "\(pages) pages from \(place) of ASID \(asid) forgotten, with their tables"
    case .space: return "all of ASID \(asid) forgotten"
    case .kernelPage:
      return pages == 1
        ? "kernel page \(place) forgotten" : "\(pages) kernel pages from \(place) forgotten"
    case .all: return "everything forgotten"
    }
  }
}
