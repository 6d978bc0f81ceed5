package import HeapInspection
import MemoryImages

extension HeapReport {
  /// The report as JSON (Documentation/ReportFormat.md, kilburn-heap).
  package var json: JSON {
    let states = ChunkState.allCases
    return [
      "format": "kilburn-heap", "version": 1, "title": .string(title), "racy": .bool(isRacy),
      "found": .string(how), "library": library.map(JSON.string) ?? .null,
      "glibc": .string(form.text), "safeLinking": .bool(form.hasSafeLinking),
      "span": .number(span), "accounted": .number(accounted),
      "bytes": .object(states.map { .init(name: "\($0)", value: .number(bytes($0))) }),
      "chunks": .object(states.map { .init(name: "\($0)", value: .number(count($0))) }),
      "damage": .array(damages.map(Self.json)),
      "arenas": .array(arenas.map(Self.json)),
      "caches": .array(
        caches.map {
          [
            "address": .string("\(Hex($0.chunk + 16))"), "arena": .number(UInt64($0.arena)),
            "chunks": .number($0.count), "bytes": .number($0.bytes),
          ]
        }),
      "mapped": .array(
        mapped.map { ["address": .string("\(Hex($0.address))"), "size": .number($0.size)] }),
      "sizes": .array(
        SizeTable.sum(arenas.map(\.sizes)).rows.map {
          [
            "size": .number($0.size), "used": .number($0.used), "cached": .number($0.cached),
            "binned": .number($0.binned),
          ]
        }),
    ]
  }

  private static func json(_ damage: Damage) -> JSON {
    [
      "address": .string("\(Hex(damage.address))"), "arena": .string("\(Hex(damage.arena))"),
      "message": damage.message.map(JSON.string) ?? .null, "detail": .string(damage.detail),
    ]
  }

  private static func json(_ report: ArenaReport) -> JSON {
    let states = ChunkState.allCases
    let arena = report.arena
    return [
      "address": .string("\(Hex(arena.address))"), "main": .bool(arena.isMain),
      "systemMemory": .number(arena.systemMemory),
      "maximumSystemMemory": .number(arena.maximumSystemMemory),
      "attachedThreads": .number(arena.attachedThreads),
      "segments": .array(
        arena.segments.map {
          [
            "start": .string("\(Hex($0.start))"), "firstChunk": .string("\(Hex($0.firstChunk))"),
            "end": .string("\(Hex($0.end))"),
          ]
        }),
      "top": .string("\(Hex(arena.top))"), "span": .number(report.span),
      "accounted": .number(report.accounted), "foreign": .number(report.foreign),
      "bytes": .object(states.map { .init(name: "\($0)", value: .number(report.bytes($0))) }),
      "chunks": .object(states.map { .init(name: "\($0)", value: .number(report.count($0))) }),
      "largestFree": .number(report.largestFree),
      "trimmable": .number(report.trimmable), "trimmableTop": .number(report.trimmableTop),
      "pin": report.pin.map {
        [
          "address": .string("\(Hex($0.address))"), "size": .number($0.size),
          "state": .string("\($0.state)"), "freeBelow": .number(report.freeBelowPin),
        ]
      } ?? .null,
    ]
  }
}
