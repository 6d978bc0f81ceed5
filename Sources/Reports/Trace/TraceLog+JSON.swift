import BoardFormat
import Machine

/// The log as JSON lines for programs: one object a line, described in
/// Documentation/ReportFormat.md.
extension TraceLog {
  /// What every line has: when, who, and under which cause.
  private func object(_ event: TraceEvent, _ name: String, _ members: [(String, JSON)]) -> String {
    var all: [JSON.Member] = [
      .init(name: "at", value: .number(event.instructions &- (start ?? 0))),
      .init(name: "task", value: .number(UInt64(UInt32(bitPattern: state.current)))),
      .init(name: "event", value: .string(name)),
    ]
    all += members.map { .init(name: $0.0, value: $0.1) }
    return JSON.object(all).line + "\n"
  }

  private func hex(_ value: UInt64) -> JSON { .string(hexadecimal(value)) }

  /// The identity of the cause around; null outside of all.
  private func around(_ causes: ArraySlice<TraceState.Cause>) -> JSON {
    causes.last.map { .number(UInt64($0.id)) } ?? .null
  }

  mutating func jsonBegin(_ cause: TraceState.Cause, _ event: TraceEvent) -> String {
    var members: [(String, JSON)] = [
      ("id", .number(UInt64(cause.id))), ("cause", around(state.task.causes.dropLast())),
    ]
    if !cause.callers.isEmpty {
      members.append(("stack", .array(cause.callers.map { .string($0) })))
    }
    switch cause.kind {
    case .call(let number, let arguments):
      members.append(("call", .string(SystemCallName.of(number))))
      members.append(("arguments", .array(arguments.map(hex))))
      return object(event, "call", members)
    case .fault(let access, let address, let isKernel):
      members.append(("access", .string("\(access)")))
      members.append(("address", hex(address)))
      members.append(("kernel", .bool(isKernel)))
      return object(event, "fault", members)
    }
  }

  func jsonEnd(_ cause: TraceState.Cause, _ event: TraceEvent) -> String {
    var members: [(String, JSON)] = [
      ("id", .number(UInt64(cause.id))),
      ("instructions", .number(event.instructions &- cause.began)),
    ]
    switch event.what {
    case .callEnd(let number, let result):
      members.append(("result", .string(CallText.result(number, result))))
      if !cause.paths.isEmpty {
        members.append(
          ("paths", .array(cause.paths.sorted { $0.key < $1.key }.map { .string($0.value) })))
      }
      return object(event, "return", members)
    case .faultEnd(let outcome, let page, let before, let after, let isMajor):
      members += [
        ("outcome", .string("\(outcome)")), ("major", .bool(isMajor)), ("page", hex(page)),
        ("before", hex(before)), ("after", hex(after)),
      ]
      return object(event, "fault-end", members)
    default: return ""
    }
  }

  func jsonEffect(_ event: TraceEvent, _ changes: [TraceSpace.Change]) -> String {
    let cause = ("cause", around(state.task.causes[...]))
    func line(_ name: String, _ members: (String, JSON)...) -> String {
      object(event, name, [cause] + members)
    }
    switch event.what {
    case .areas(let root, _, _, _):
      return changes.map { json($0, event, cause.1, root) }.joined()
    case .frameAllocated(let frame, let order, let flags):
      return line(
        "frame-allocated", ("frame", hex(frame)), ("order", .number(order)), ("gfp", hex(flags)))
    case .frameFreed(let frame, let order):
      return line("frame-freed", ("frame", hex(frame)), ("order", .number(order)))
    case .pageCopied(let from, let to):
      return line("page-copied", ("from", hex(from)), ("to", hex(to)))
    case .tableMade(let level, let frame):
      return line("table-made", ("level", json(level)), ("frame", hex(frame)))
    case .tableFreed(let level, let frame):
      return line("table-freed", ("level", json(level)), ("frame", hex(frame)))
    case .entries(let kind, let start, let count, let other):
      return line(
        "entries", ("what", .string("\(kind)")), ("start", hex(start)),
        ("count", .number(count)), ("other", hex(other)))
    case .invalidated(let kind, let address, let pages, let asid):
      return line(
        "tlb", ("what", .string("\(kind)")), ("address", hex(address)),
        ("pages", .number(pages)), ("asid", .number(asid)))
    case .switched(_, let root, let asid):
      return line("switched", ("root", hex(root)), ("asid", .number(asid)))
    case .taskMade(let task, let group, let parent, let root):
      return line(
        "task-made", ("made", json(Int(task))), ("process", .number(group)),
        ("parent", .number(parent)), ("root", hex(root)))
    case .taskBegan(_, let root, let path):
      return line("program", ("path", .string(path)), ("root", hex(root)))
    case .taskEnded(_, let status): return line("task-ended", ("status", .number(status)))
    case .spaceGone(let root): return line("space-gone", ("root", hex(root)))
    case .signal(let number, let handler, let code, let address):
      return line(
        "signal", ("signal", .string(SignalName.of(UInt32(bitPattern: number)))),
        ("handler", hex(handler)), ("code", .string("\(code)")), ("value", hex(address)))
    default: return ""
    }
  }

  private func json(_ number: Int) -> JSON { .number(UInt64(max(0, number))) }

  private func json(
    _ change: TraceSpace.Change, _ event: TraceEvent, _ cause: JSON, _ root: UInt64
  ) -> String {
    let (name, area, old): (String, TraceArea, TraceArea?) =
      switch change {
      case .added(let area): ("area-added", area, nil)
      case .removed(let area): ("area-removed", area, nil)
      case .changed(let before, let after): ("area-changed", after, before)
      }
    var members: [(String, JSON)] = [("cause", cause), ("root", hex(root))]
    members += self.members(area)
    if let old {
      members.append(("was", .object(self.members(old).map { .init(name: $0.0, value: $0.1) })))
    }
    return object(event, name, members)
  }

  private func members(_ area: TraceArea) -> [(String, JSON)] {
    [
      ("start", hex(area.start)), ("end", hex(area.end)),
      ("permissions", .string(area.permissions)), ("flags", hex(area.flags)),
      ("offset", hex(area.pageOffset &* pageSize)), ("name", .string(area.label)),
    ]
  }
}
