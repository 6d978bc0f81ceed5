import HostInspection
import Machine
import MemoryTypes

extension CPUReport {
  /// The report as `--json` writes it; `Documentation/ReportFormat.md` describes it.
  package var json: JSON {
    [
      "format": "kilburn-cpuinfo", "version": 1,
      "architecture": .string(info.architecture.rawValue),
      "cpus": .number(UInt64(info.processors.count)),
      "kinds": .array(kinds.map(json(of:))),
      "topology": topology.map(Self.json(of:)) ?? .null,
      "machine": Self.fields(info.machine),
      "kernel": host.map {
        [
          "pageSize": .number($0.pageSize), "userBits": $0.userBits.map { .number($0) } ?? .null,
        ]
      } ?? .null,
    ]
  }

  private func json(of kind: CPUKind) -> JSON {
    let known = Set(info.memoryFeatures(of: kind.sample).map(\.word))
    return [
      "name": .string(kind.name), "cpus": .array(kind.numbers.map { .number($0) }),
      "identity": Self.json(of: kind.identity),
      "addresses": addressSizes(of: kind).map(Self.json(of:)) ?? .null,
      "translation": kind.arm.flatMap { ArmTranslation.of($0) }.map(Self.json(of:)) ?? .null,
      "memoryFeatures": Self.meanings(info.memoryFeatures(of: kind.sample)),
      "otherFeatures": .array(
        info.featureWords(of: kind.sample).filter { !known.contains($0) }.map { .string($0) }),
      "memoryBugs": Self.meanings(info.memoryBugs(of: kind.sample)),
      "fields": Self.fields(kind.sample.fields),
    ]
  }

  private static func json(of identity: CPUKind.Identity) -> JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    return switch identity {
    case .x86(let x86):
      [
        "vendor": .string(x86.vendor), "vendorName": text(x86.vendorName),
        "family": .number(x86.family), "model": .number(x86.model),
        "stepping": .number(x86.stepping), "design": text(x86.design),
      ]
    case .arm(let arm):
      [
        "implementer": .string(HostInspection.hexadecimal(arm.implementer, digits: 2)),
        "implementerName": text(arm.implementerName), "variant": .number(arm.variant),
        "part": .string(HostInspection.hexadecimal(arm.part, digits: 3)),
        "partName": text(arm.partName), "revision": .number(arm.revision),
        "revisionName": .string(arm.revisionName), "midr": .string(hexadecimal(arm.midr)),
      ]
    case .unknown: .null
    }
  }

  private static func json(of sizes: AddressSizes) -> JSON {
    [
      "physicalBits": .number(sizes.physicalBits), "virtualBits": .number(sizes.virtualBits),
      "physical": .number(sizes.physical.rawValue), "virtual": .number(sizes.virtual.rawValue),
      "userHalf": .number(sizes.userHalf.rawValue), "levels": .number(sizes.levels),
    ]
  }

  private static func json(of translation: ArmTranslation) -> JSON {
    [
      "source": "manual", "physicalBits": .number(translation.physicalBits),
      "granules": .array(translation.granules.map { .string($0.text) }),
      "virtualBits": .number(translation.virtualBits),
    ]
  }

  private static func json(of topology: CPUTopology) -> JSON {
    .array(
      topology.packages.map { package in
        [
          "package": .number(package.id),
          "clusters": .array(
            package.clusters.map { cluster in
              [
                "cluster": cluster.id.map { .number($0) } ?? .null,
                "cores": .array(
                  cluster.cores.map { core in
                    [
                      "core": .number(core.id),
                      "threads": .array(core.threads.map { .number($0) }),
                    ]
                  }),
              ]
            }),
        ]
      })
  }

  private static func fields(_ fields: [ProcField]) -> JSON {
    .array(
      fields.map { field in
        [
          "name": .string(field.name), "value": .string(field.value),
          "meaning": CPUFieldMeaning.of(field).map { .string($0) } ?? .null,
        ]
      })
  }

  private static func meanings(_ features: [MemoryFeature]) -> JSON {
    .array(features.map { ["word": .string($0.word), "meaning": .string($0.meaning)] })
  }
}
