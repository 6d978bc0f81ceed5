import BoardFormat
import Arm64
package import Machine
import MemoryTypes

/// The log of what the kernel did, as text or as JSON lines: causes with their effects under them.
///
/// A cause's lines wait until it has ended, so that its first line can say how; where it lasts (it
/// waits, or does much) they go out before, and its end is a line of its own. So memory is bounded
/// and the order of the lines is the order in time, except for the result on the first.
package struct TraceLog {
  /// How it is written.
  package enum Form: Sendable { case text, json }

  let form: Form
  let filter: TraceFilter
  let geometry: TranslationGeometry
  var symbolizer: TraceSymbolizer
  var state = TraceState()
  var decoder = TraceDecoder()
  /// The instruction count of the first event: times are given from there.
  var start: UInt64?
  /// Callers that were told, for the cause that comes next.
  var stack: [UInt64] = []
  /// What is ready to be written.
  var output = ""

  /// The lines of one cause that may wait.
  static let patience = 400

  package init(
    form: Form, filter: TraceFilter, machine: MachineDescription, symbolizer: TraceSymbolizer
  ) {
    self.form = form
    self.filter = filter
    geometry = machine.translation
    self.symbolizer = symbolizer
  }

  /// Takes the next bytes of the trace channel, and returns what is to be written now.
  package mutating func receive(_ bytes: [UInt8]) -> String {
    var events: [TraceEvent] = []
    decoder.receive(bytes) { events.append($0) }
    for event in events { take(event) }
    defer { output = "" }
    return output
  }

  /// Lets go of what still waits: the machine has ended.
  package mutating func finish() -> String {
    for task in state.tasks.keys.sorted() {
      state.current = task
      open()
    }
    if decoder.malformed > 0 {
      output += "\(decoder.malformed) records made no sense and are left out\n"
    }
    defer { output = "" }
    return output
  }

  var pageSize: UInt64 { geometry.pageSize.bytes.rawValue }

  mutating func take(_ event: TraceEvent) {
    if start == nil {
      // Before the first program the kernel only starts.
      guard case .switched = event.what else { return }
      start = event.instructions
    }
    note(event)
    switch event.what {
    case .callBegin(let number, let arguments):
      begin(.call(number: number, arguments: arguments), event, filter.shows(call: number))
    case .faultBegin(let access, let address, let isKernel):
      begin(.fault(access, address: address, isKernel: isKernel), event, filter.faults)
    case .argument(let index, let path):
      if var cause = state.task.causes.popLast() {
        cause.paths[index] = path
        state.task.causes.append(cause)
      }
    case .callEnd, .faultEnd: end(event)
    case .stack(let places): stack = places
    case .switched(let task, let root, _):
      if task == state.current { break }
      open()
      if state.task.hasEnded { state.tasks[state.current] = nil }
      state.hasMany = state.hasMany || state.current != 0
      state.current = task
      state.task.root = root
      tell(event)
    default: tell(event)
    }
  }

  /// Keeps the picture of spaces and tasks true.
  private mutating func note(_ event: TraceEvent) {
    switch event.what {
    case .taskMade(let task, _, _, let root): state.tasks[task] = .init(root: root)
    case .taskBegan(let task, let root, _):
      if state.current == 0 { state.current = task }
      state.tasks[task, default: .init()].root = root
    case .taskEnded(let task, _): state.tasks[task]?.hasEnded = true
    case .spaceGone(let root): state.spaces[root] = nil
    default: break
    }
  }

  private mutating func begin(_ kind: TraceState.Cause.Kind, _ event: TraceEvent, _ shown: Bool) {
    // What happens inside a cause that is shown is an effect of it.
    let isShown = state.task.causes.last?.isShown ?? false || shown
    var cause = state.begin(kind, at: event.instructions, isShown: isShown)
    // Named now: a call may give up the space that the names are in.
    if isShown && filter.shows(.stacks) { cause.callers = names(of: stack) }
    stack = []
    state.task.causes.append(cause)
    if form == .json && isShown { output += jsonBegin(cause, event) }
  }

  private mutating func end(_ event: TraceEvent) {
    guard let cause = state.task.causes.popLast() else { return }
    guard cause.isShown else { return }
    switch form {
    case .json: output += jsonEnd(cause, event)
    case .text: closeText(cause, event)
    }
  }

  /// Writes an effect, or a cause's: under the innermost cause, or by itself.
  mutating func tell(_ event: TraceEvent) {
    let isShown = state.task.causes.last?.isShown ?? filter.tasks
    // Areas are followed whether they are shown or not.
    let changes = areaChanges(event)
    guard isShown, filter.shows(category(event.what)) else { return }
    switch form {
    case .json: output += jsonEffect(event, changes)
    case .text:
      switch event.what {
      case .frameAllocated(let frame, let order, let flags):
        put(.allocated(order: order, flags: flags), frame: frame)
      case .frameFreed(let frame, let order): put(.freed(order: order), frame: frame)
      default: for line in lines(event, changes) { put(line) }
      }
    }
  }

  private func category(_ what: TraceEvent.What) -> TraceCategories {
    switch what {
    case .areas, .spaceGone: .areas
    case .frameAllocated, .frameFreed, .pageCopied: .frames
    case .tableMade, .tableFreed, .entries: .tables
    case .invalidated: .tlb
    case .signal: .signals
    case .stack: .stacks
    default: []
    }
  }

  private mutating func areaChanges(_ event: TraceEvent) -> [TraceSpace.Change] {
    guard case .areas(let root, let from, let to, let list) = event.what else { return [] }
    return state.spaces[root, default: TraceSpace()].replace(
      from: from, to: to, by: list, pageSize: pageSize)
  }
}
