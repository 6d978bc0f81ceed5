import TraceFiles
import HeapTraces
import MemoryTypes
import PTMalloc

extension ReplayReport {
  /// As `--json` writes it; `Documentation/ReportFormat.md` describes it.
  package var json: JSON {
    [
      "format": "kilburn-heap-replay", "version": 1, "file": .string(file),
      "replays": .array(columns.map(Self.json)),
    ]
  }

  private static func json(_ column: Column) -> JSON {
    let result = column.result
    let operations = HeapOperation.allCases.filter(\.isCall)
    return [
      "name": .string(column.options.name),
      "allocator": allocator(column.options),
      "trace": [
        "format": .string(result.format),
        "facts": .object(result.facts.map { .init(name: $0.name, value: .string($0.value)) }),
        "calls": .number(result.events), "threads": .number(result.threads),
        "nanoseconds": .number(result.nanoseconds),
        "byFunction": .object(
          operations.map {
            .init(
              name: $0 == .freeUnknown ? "free-unknown" : $0.name,
              value: .number(result.calls[Int($0.rawValue)]))
          }),
        "skipped": .number(result.skipped), "refused": .number(result.refused),
      ],
      "complete": .bool(result.failure == nil),
      "failure": result.failure.map(failure) ?? .null,
      "peakFootprint": json(result.peakFootprint), "peakResident": json(result.peakResident),
      "peakLive": [
        "call": .number(result.peakLive.event), "live": .number(result.peakLive.live),
      ],
      "end": json(result.end),
      "kernel": kernel(result.kernel),
      "heap": heap(result),
      "trimming": [
        "footprint": .number(result.trimmedFootprint), "resident": .number(result.trimmedResident),
      ],
      "history": .array(result.history.map(json)),
    ]
  }

  private static func allocator(_ options: ReplayOptions) -> JSON {
    [
      "glibc": .string(options.environment.version.text),
      "page-size": .string(options.environment.pageSize.bytes.description),
      "processors": .number(UInt64(options.environment.processors)),
      "touches": .string(options.touchesObjects ? "objects" : "headers"),
      "tunables": .object(
        MallocTunables.Name.allCases.compactMap { name in
          options.tunables[name].map { .init(name: "\(name.text)", value: .number($0)) }
        }),
    ]
  }

  private static func failure(_ failure: TraceError) -> JSON {
    [
      "kind": .string(failure.kind.name), "message": .string(failure.message),
      "line": failure.place?.line.map { .number($0) } ?? .null,
      "offset": failure.place?.offset.map { .number($0) } ?? .null,
      "call": failure.place?.event.map { .number($0) } ?? .null,
    ]
  }

  private static func json(_ sample: ReplaySample) -> JSON {
    [
      "call": .number(sample.event), "nanoseconds": .number(sample.time),
      "footprint": .number(sample.footprint), "resident": .number(sample.resident),
      "live": .number(sample.live), "chunks": .number(sample.chunks),
      "objects": .number(sample.objects),
    ]
  }

  private static func kernel(_ counts: ReplayMemory.Counts) -> JSON {
    [
      "brkUp": .number(counts.brkGrow), "brkDown": .number(counts.brkShrink),
      "brkAsked": .number(counts.brkAsk), "mmap": .number(counts.mmap),
      "munmap": .number(counts.munmap), "mremap": .number(counts.mremap),
      "mprotect": .number(counts.mprotect), "madvise": .number(counts.madvise),
      "faults": .number(counts.faults), "peakFootprint": .number(counts.peakAccessible),
      "peakResident": .number(counts.peakResident),
    ]
  }

  private static func heap(_ result: ReplayResult) -> JSON {
    let heap = result.heap
    func kind(_ kind: HeapSummary.Kind) -> JSON {
      ["chunks": .number(kind.count), "bytes": .number(kind.bytes)]
    }
    func digits(_ address: UInt64) -> JSON { .string("0x" + String(address, radix: 16)) }
    return [
      "arenas": .number(heap.arenas), "tcache": kind(heap.tcache),
      "fastbins": kind(heap.fastbins), "unsorted": kind(heap.unsorted),
      "smallBins": kind(heap.smallBins), "largeBins": kind(heap.largeBins), "top": kind(heap.top),
      "mapped": kind(heap.mapped),
      "start": digits(heap.heapStart), "topAddress": digits(heap.heapTop),
      "break": digits(heap.heapEnd),
      "pins": .array(
        heap.pins.map { pin in
          [
            "address": digits(pin.address), "chunk": .number(pin.chunk),
            "freeAbove": .number(pin.freeAbove), "object": .bool(pin.isObject),
            "size": .number(pin.size), "call": .number(pin.event),
            "thread": .number(UInt64(pin.thread)),
            "stack": .array(
              result.sites.frames(of: pin.site).map { .string(result.sites.text($0)) }),
          ]
        }),
    ]
  }
}

extension GlibcVersion {
  /// The release as a person writes it.
  package var text: String { "2.\(rawValue)" }
}
