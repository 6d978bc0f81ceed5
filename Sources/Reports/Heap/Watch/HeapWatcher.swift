import BoardFormat
package import HeapTraces
package import Machine
import MemoryTypes

/// Makes a trace of allocations of what the kernel tells of its probes (`kilburn run --heap`).
///
/// Of nested calls of the allocator (a wrapper that calls what it wraps, realloc that calls malloc)
/// the outermost is the program's. An object is known by its address space and its address, so
/// processes are told apart; they are one trace together. A forked child's copies of its parent's
/// objects are not counted, and when it gives them back that is a free of something unknown. What a
/// process still has when its space goes stays, as the memory of a program that ends.
package struct HeapWatcher {
  /// A call whose return is not heard yet.
  private struct Call {
    var function: AllocationFunction
    var stackPointer: UInt64
    var root: UInt64
    var size: UInt64
    var alignment: UInt64
    /// Of realloc: the object that it was given.
    var source: UInt32 = HeapEvent.noSlot
    var sourceAddress: UInt64 = 0
    var site: UInt32 = 0
  }

  private struct Place: Hashable {
    var root: UInt64
    var address: UInt64
  }

  private var decoder = TraceDecoder()
  private var spaces: [UInt64: TraceSpace] = [:]
  private var roots: [Int32: UInt64] = [:]
  private var calls: [Int32: [Call]] = [:]
  private var threads: [Int32: UInt32] = [:]
  private var current: Int32 = 0
  /// The task whose call was told last, so that the callers which follow are its.
  private var entered: Int32?
  private var objects: [Place: UInt32] = [:]
  private var freeSlots: [UInt32] = []
  private var nextSlot: UInt32 = 0
  private var stacks: WatchedStacks
  private var lastInstructions: UInt64?
  private let pageSize: UInt64
  /// Calls whose results were not heard.
  package private(set) var lost = 0
  package var sites: SiteTable { stacks.sites }
  package var threadCount: Int { threads.count }
  package var malformed: Int { decoder.malformed }

  package init(machine: MachineDescription, symbolizer: TraceSymbolizer) {
    pageSize = machine.pageSize.bytes.rawValue
    stacks = WatchedStacks(symbolizer: symbolizer, pageSize: pageSize)
  }

  /// Takes the next bytes of the trace channel, and gives the events that they complete to `body`.
  package mutating func receive(_ bytes: [UInt8], _ body: (HeapEvent) -> Void) {
    var events: [TraceEvent] = []
    decoder.receive(bytes) { events.append($0) }
    for event in events { take(event, body) }
  }

  private mutating func take(_ event: TraceEvent, _ body: (HeapEvent) -> Void) {
    switch event.what {
    case .switched(let task, let root, _):
      current = task
      roots[task] = root
    case .taskMade(let task, _, let parent, let root):
      roots[task] = root
      // A copy has the areas of its original.
      if let original = roots[Int32(truncatingIfNeeded: parent)], spaces[root] == nil {
        spaces[root] = spaces[original]
      }
    case .taskBegan(let task, let root, _): roots[task] = root
    case .areas(let root, let from, let to, let list):
      let changes = spaces[root, default: TraceSpace()].replace(
        from: from, to: to, by: list, pageSize: pageSize)
      if changes.contains(where: { $0.isOfCode }) { stacks.forget(root) }
    case .spaceGone(let root):
      spaces[root] = nil
      stacks.forget(root)
      objects = objects.filter { $0.key.root != root }
    case .taskEnded(let task, _): calls[task] = nil
    case .probeEntered(let tag, let task, let arguments, let stackPointer, let isInside):
      guard !isInside, let function = AllocationFunction(rawValue: tag) else { break }
      enter(function, task, arguments, stackPointer)
    case .stack(let places): note(places, event.instructions, body)
    case .probeLeft(_, let task, let result, let stackPointer):
      leave(task, result, stackPointer, event.instructions, body)
    case .probeLost: lost += 1
    default: break
    }
  }

  private mutating func enter(
    _ function: AllocationFunction, _ task: Int32, _ arguments: [UInt64], _ stackPointer: UInt64
  ) {
    let root = roots[task] ?? 0
    var call = Call(
      function: function, stackPointer: stackPointer, root: root, size: 0, alignment: 0)
    switch function {
    case .malloc, .valloc, .pvalloc: call.size = arguments[0]
    case .calloc: call.size = Self.product(arguments[0], arguments[1])
    case .realloc:
      call.sourceAddress = arguments[0]
      call.size = arguments[1]
    case .reallocarray:
      call.sourceAddress = arguments[0]
      call.size = Self.product(arguments[1], arguments[2])
    case .memalign, .alignedAlloc: (call.alignment, call.size) = (arguments[0], arguments[1])
    case .posixMemalign: (call.alignment, call.size) = (arguments[1], arguments[2])
    case .free: call.sourceAddress = arguments[0]
    }
    // While realloc works, its object is nobody's: another thread may get its place at once.
    if call.sourceAddress != 0,
      let slot = objects.removeValue(forKey: Place(root: root, address: call.sourceAddress))
    {
      call.source = slot
    }
    calls[task, default: []].append(call)
    entered = task
  }

  /// The callers of the call that was told last; of free there is nothing else to wait for.
  private mutating func note(
    _ places: [UInt64], _ instructions: UInt64, _ body: (HeapEvent) -> Void
  ) {
    guard let task = entered else { return }
    entered = nil
    guard var call = calls[task]?.popLast() else { return }
    // The first place is the function itself.
    call.site = stacks.site(of: places.dropFirst(), in: spaces[call.root], call.root)
    guard call.function == .free else {
      calls[task]?.append(call)
      return
    }
    let isUnknown = call.source == HeapEvent.noSlot && call.sourceAddress != 0
    send(
      HeapEvent(
        isUnknown ? .freeUnknown : .free, thread: thread(task), slot: call.source,
        address: call.sourceAddress, site: call.site, isNull: call.sourceAddress == 0),
      instructions, body)
    if call.source != HeapEvent.noSlot { freeSlots.append(call.source) }
  }

  private mutating func leave(
    _ task: Int32, _ result: UInt64, _ stackPointer: UInt64, _ instructions: UInt64,
    _ body: (HeapEvent) -> Void
  ) {
    guard
      let index = calls[task]?.lastIndex(where: { $0.stackPointer == stackPointer }),
      let call = calls[task]?.remove(at: index)
    else { return }
    let isResize = call.function == .realloc || call.function == .reallocarray
    if isResize, result == 0 {
      keep(call, task, instructions, body)
      return
    }
    var event = HeapEvent(
      call.function.operation, thread: thread(task), source: call.source, size: call.size,
      alignment: call.alignment, address: result, site: call.site, isNull: result == 0)
    if isResize, call.sourceAddress != 0, call.source == HeapEvent.noSlot {
      send(
        HeapEvent(.freeUnknown, thread: thread(task), address: call.sourceAddress),
        instructions, body)
    }
    if result != 0 {
      let place = Place(root: call.root, address: result)
      // An object that is there already: its free was not heard.
      if let old = objects[place] {
        send(
          HeapEvent(.free, thread: thread(task), slot: old, address: result), instructions, body)
        freeSlots.append(old)
      }
      event.slot = call.source == HeapEvent.noSlot ? newSlot() : call.source
      objects[place] = event.slot
    }
    send(event, instructions, body)
  }

  /// A realloc without a result: for no bytes it freed the object, else it left it as it was.
  private mutating func keep(
    _ call: Call, _ task: Int32, _ instructions: UInt64, _ body: (HeapEvent) -> Void
  ) {
    if call.source != HeapEvent.noSlot, call.size != 0 {
      objects[Place(root: call.root, address: call.sourceAddress)] = call.source
    }
    send(
      HeapEvent(
        .realloc, thread: thread(task), slot: HeapEvent.noSlot, source: call.source,
        size: call.size, site: call.site, isNull: true), instructions, body)
    if call.source != HeapEvent.noSlot, call.size == 0 { freeSlots.append(call.source) }
  }

  private mutating func send(
    _ event: HeapEvent, _ instructions: UInt64, _ body: (HeapEvent) -> Void
  ) {
    if let last = lastInstructions, instructions > last {
      body(HeapEvent(.time, thread: event.thread, size: instructions - last))
    }
    lastInstructions = instructions
    body(event)
  }

  private mutating func newSlot() -> UInt32 {
    if let slot = freeSlots.popLast() { return slot }
    defer { nextSlot += 1 }
    return nextSlot
  }

  private mutating func thread(_ task: Int32) -> UInt32 {
    if let known = threads[task] { return known }
    let number = UInt32(threads.count)
    threads[task] = number
    return number
  }

  private static func product(_ count: UInt64, _ size: UInt64) -> UInt64 {
    let (value, overflow) = count.multipliedReportingOverflow(by: size)
    return overflow ? .max : value
  }
}

extension TraceSpace.Change {
  /// Whether it is about memory that is executed.
  fileprivate var isOfCode: Bool {
    switch self {
    case .added(let area), .removed(let area): area.flags & 4 != 0
    case .changed(let from, let to): (from.flags | to.flags) & 4 != 0
    }
  }
}

extension AllocationFunction {
  /// What it is in a trace.
  fileprivate var operation: HeapOperation {
    switch self {
    case .malloc: .malloc
    case .calloc: .calloc
    case .realloc, .reallocarray: .realloc
    case .memalign: .memalign
    case .alignedAlloc: .alignedAlloc
    case .posixMemalign: .posixMemalign
    case .valloc: .valloc
    case .pvalloc: .pvalloc
    case .free: .free
    }
  }
}
