import HeapTraces

extension HeapProfileReport {
  /// The profile as `--json` writes it; `Documentation/ReportFormat.md` describes it.
  package var json: JSON {
    [
      "format": "kilburn-heap-profile", "version": 1,
      "calls": JSON.members(
        HeapOperation.allCases.compactMap { operation in
          profile.calls[operation].map { (operation.name, .number($0)) }
        }),
      "allocated": Self.json(profile.allocated), "temporary": Self.json(profile.temporary),
      "peak": Self.json(profile.peak), "live": Self.json(profile.live),
      "peakTime": .number(profile.peakTime), "time": .number(profile.time),
      "failed": .number(profile.failed), "unknownFrees": .number(profile.unknown),
      "sites": .array(
        ranked(by: .allocations).map { site($0.site) }),
    ]
  }

  private func site(_ number: UInt32) -> JSON {
    let site = profile.sites[Int(number)]
    return [
      "callers": .array(
        table.frames(of: number, limit: 256).map { frame in
          [
            "function": .string(table.string(frame.function)),
            "module": .string(table.string(frame.module)), "offset": .number(frame.address),
          ]
        }),
      "live": Self.json(site.live), "atPeak": Self.json(site.atPeak),
      "allocated": Self.json(site.allocated), "temporary": Self.json(site.temporary),
      "ownPeakBytes": .number(site.ownPeak),
    ]
  }

  private static func json(_ amount: HeapProfile.Amount) -> JSON {
    ["bytes": .number(amount.bytes), "objects": .number(amount.objects)]
  }
}

extension JSON {
  /// An object with one member more; anything else as it is.
  package func with(_ name: String, _ value: JSON) -> JSON {
    guard case .object(let members) = self else { return self }
    return .object(members + [Member(name: name, value: value)])
  }

  /// An object of members whose names are only known now.
  fileprivate static func members(_ members: [(String, JSON)]) -> JSON {
    .object(members.map { Member(name: $0.0, value: $0.1) })
  }
}
