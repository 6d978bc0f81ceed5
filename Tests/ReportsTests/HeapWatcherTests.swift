import BoardFormat
import HeapTraces
import Testing

@testable import Machine
@testable import Reports

/// What the kernel tells of probes, made into a trace.
@Suite struct HeapWatcherTests {
  private func events(_ records: [TraceRecord]) throws -> ([HeapEvent], HeapWatcher) {
    var watcher = HeapWatcher(
      machine: try MachineConfiguration().described(), symbolizer: TraceSymbolizer { _ in nil })
    var events: [HeapEvent] = []
    watcher.receive(TraceTests.bytes(TraceTests.start + records)) { events.append($0) }
    return (events.filter { $0.operation != .time }, watcher)
  }

  private func enter(
    _ function: AllocationFunction, task: Int32 = 2, _ first: UInt64, _ second: UInt64 = 0,
    stack: UInt64 = 0x8000, isInside: Bool = false
  ) -> [TraceRecord] {
    [
      TraceRecord(
        .probeEntered, detail: function.rawValue, number: task, first, second, 0, stack,
        isInside ? 1 : 0),
      TraceRecord(.stack, detail: 3, 0x10, 0x1004, 0x1104),
    ]
  }

  private func leave(
    _ function: AllocationFunction, task: Int32 = 2, _ result: UInt64, stack: UInt64 = 0x8000
  ) -> [TraceRecord] {
    [TraceRecord(.probeLeft, detail: function.rawValue, number: task, result, stack)]
  }

  @Test func anObjectIsFollowedFromBirthToDeath() throws {
    let (events, watcher) = try events(
      enter(.malloc, 24) + leave(.malloc, 0x1010) + enter(.realloc, 0x1010, 100)
        + leave(.realloc, 0x1200) + enter(.free, 0x1200) + enter(.free, 0x1200))
    #expect(events.map(\.operation) == [.malloc, .realloc, .free, .freeUnknown])
    #expect(events.map(\.slot) == [0, 0, 0, HeapEvent.noSlot])
    #expect(events[1].source == 0 && events[1].size == 100)
    #expect(watcher.sites.frames(of: events[0].site).map(\.address) == [0x1000, 0x1100])
  }

  @Test func callsWithinCallsAreTheAllocatorsOwn() throws {
    let inner =
      enter(.malloc, 50, stack: 0x7f00, isInside: true) + leave(.malloc, 0x2000, stack: 0x7f00)
    let (events, _) = try events(
      enter(.realloc, 0, 40) + inner + leave(.realloc, 0x2000))
    #expect(events.map(\.operation) == [.realloc])
    #expect(events[0].source == HeapEvent.noSlot && events[0].slot == 0)
  }

  /// While one thread's realloc moves its object, another gets the place that it leaves.
  @Test func aPlaceChangesHandsWhileReallocWorks() throws {
    let (events, _) = try events(
      [TraceRecord(.taskMade, number: 3, 2, 2, 0x100)]
        + enter(.malloc, 24) + leave(.malloc, 0x1010) + enter(.realloc, 0x1010, 500)
        + enter(.malloc, task: 3, 24, stack: 0x9000)
        + leave(.malloc, task: 3, 0x1010, stack: 0x9000) + leave(.realloc, 0x3000)
        + enter(.free, 0x1010))
    #expect(events.map(\.operation) == [.malloc, .malloc, .realloc, .free])
    #expect(events.map(\.slot) == [0, 1, 0, 1])
    #expect(events.map(\.thread) == [0, 1, 0, 0])
  }

  @Test func failuresChangeNothing() throws {
    let (events, _) = try events(
      enter(.malloc, 8) + leave(.malloc, 0x1010) + enter(.realloc, 0x1010, .max)
        + leave(.realloc, 0) + enter(.calloc, 1 << 40, 1 << 40) + leave(.calloc, 0)
        + enter(.free, 0x1010) + enter(.free, 0))
    #expect(events.map(\.operation) == [.malloc, .realloc, .calloc, .free, .free])
    #expect(events.map(\.isNull) == [false, true, true, false, true])
    #expect(events[2].size == .max && events[3].slot == 0)
  }
}
