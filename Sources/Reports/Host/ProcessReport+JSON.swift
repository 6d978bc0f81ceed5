import HostInspection
import Machine
import MemoryTypes

extension ProcessReport {
  /// The report as `--json` writes it; `Documentation/ReportFormat.md` describes it.
  package var json: JSON {
    let state = image.state
    func size(_ name: String) -> JSON { state.size(name).map { .number($0.rawValue) } ?? .null }
    return [
      "format": "kilburn-inspect", "version": 1,
      "host": [
        "pageSize": .number(image.host.pageSize.rawValue), "machine": .string(image.host.machine),
        "release": .string(image.host.release),
      ],
      "process": [
        "pid": .number(state.pid), "name": .string(state.name),
        "state": .string(String(state.state)), "parent": .number(state.parent),
        "threads": .number(state.threads), "user": state.user.map { .number($0) } ?? .null,
        "kernelThread": .bool(state.isKernelThread), "zombie": .bool(state.isZombie),
      ],
      "memory": [
        "virtual": size("VmSize"), "resident": size("VmRSS"), "swapped": size("VmSwap"),
        "pageTables": size("VmPTE"), "locked": size("VmLck"),
        "pss": .number(sum(\.pss).rawValue), "huge": .number(sum(\.huge).rawValue),
        "hugetlb": .number(sum(\.hugetlb).rawValue),
      ],
      "pagesSeen": .bool(image.runs != nil),
      "tlb": ["entries": .number(tlb.entries), "source": .string(tlb.source)],
      "cost": .array(
        cost.total.indices.map { index in
          json(of: cost.total[index], isTotal: true, unaligned: cost.unaligned[index])
        }),
      "areas": .array(image.areas.indices.map(json(ofArea:))),
      "images": .array(image.images.map(Self.json(of:))),
      "limits": .array(image.limits.map { .string($0) }),
    ]
  }

  private func json(of cost: PageCost, isTotal: Bool, unaligned: Int = 0) -> JSON {
    var members: [JSON.Member] = [
      .init(name: "pageSize", value: .string(cost.pageSize.text)),
      .init(name: "resident", value: .range(cost.resident)),
      .init(name: "exact", value: .bool(cost.isExact)),
      .init(name: "swapped", value: .number(cost.swapped)),
      .init(name: "pageTables", value: cost.tables.map { .number($0.rawValue) } ?? .null),
    ]
    if isTotal {
      members += [
        .init(name: "tablesByLevel", value: .array(cost.tablesByLevel.map { .number($0) })),
        .init(
          name: "tlbReach", value: .number(tlb.entries * cost.pageSize.bytes.rawValue)),
        .init(name: "unalignedAreas", value: .number(UInt64(unaligned))),
      ]
    }
    members.append(.init(name: "pages", value: .range(cost.pages)))
    return .object(members)
  }

  private func json(ofArea index: Int) -> JSON {
    let area = image.areas[index]
    return [
      "start": .string(hexadecimal(area.start.rawValue)),
      "end": .string(hexadecimal(area.end.rawValue)), "permissions": .string(area.permissions),
      "name": .string(area.name), "offset": .number(area.offset),
      "size": .number(area.size.rawValue), "rss": .number(area.rss.rawValue),
      "pss": .number(area.pss.rawValue), "anonymous": .number(area.anonymous.rawValue),
      "swapped": .number(area.swap.rawValue), "huge": .number(area.huge.rawValue),
      "hugetlb": .number(area.hugetlb.rawValue),
      "cost": .array(cost.areas[index].map { json(of: $0, isTotal: false) }),
    ]
  }

  private static func json(of file: ELFImage) -> JSON {
    [
      "path": .string(file.path),
      "alignments": .array(file.segments.map { .number($0.alignment) }),
      "loads": .object(
        PageSize.all.map { size in
          JSON.Member(name: size.text, value: .bool(file.obstacle(on: size) == nil))
        }),
    ]
  }
}

extension JSON {
  /// A least and a greatest value.
  static func range(_ range: ClosedRange<UInt64>) -> JSON {
    ["low": .number(range.lowerBound), "high": .number(range.upperBound)]
  }
}
