import KernelHistory
import MemoryTypes

extension LayoutReport {
  /// The regions top to bottom, and the addresses that have names.
  package var json: JSON {
    JSON.object([
      .init(name: "regions", value: .array(rows.map(Self.json))),
      .init(
        name: "landmarks",
        value: .array(
          (map.kernelLandmarks + map.userLandmarks).map { landmark in
            JSON.object([
              .init(name: "name", value: .string(landmark.name)),
              .init(name: "address", value: .string("0x" + digits(landmark.address.rawValue))),
              .init(name: "note", value: .string(landmark.note)),
            ])
          })),
      .init(name: "machine", value: machine),
    ])
  }

  private static func json(_ row: Row) -> JSON {
    JSON.object([
      .init(name: "name", value: .string(row.name)),
      .init(name: "start", value: .string("0x" + digits(row.range.first.rawValue))),
      .init(name: "end", value: .string(end(of: row.range))),
      .init(name: "size", value: .string("0x" + String(row.range.sizeLessOne + 1, radix: 16))),
      .init(name: "note", value: .string(row.note)),
    ])
  }

  /// The first address behind a range; above the last there is 2^64.
  private static func end(of range: AddressRange) -> String {
    range.last.rawValue == .max
      ? "0x1" + digits(0) : "0x" + digits(range.end.rawValue)
  }

  private var machine: JSON {
    let configuration = map.configuration
    return JSON.object([
      .init(name: "kernel", value: .string("\(configuration.version)")),
      .init(name: "page-size", value: .string("\(configuration.pageSize.bytes)")),
      .init(name: "va-bits", value: .number(configuration.vaBits)),
      .init(name: "actual-va-bits", value: .number(configuration.actualVABits)),
      .init(name: "kasan", value: .string(configuration.kasan.rawValue)),
      .init(name: "phys-offset", value: .string("0x" + digits(map.memoryStart.rawValue))),
      .init(
        name: "source",
        value: .string(
          "Linux \(generation.since): \(generation.source)")),
    ])
  }

  var generation: any LayoutGeneration.Type {
    LayoutGenerations.generation(of: map.configuration.version)
  }
}
