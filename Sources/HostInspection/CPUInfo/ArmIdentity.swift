/// What a core says it is: MIDR_EL1, field by field (Arm ARM D19.2.122).
package struct ArmIdentity: Hashable, Sendable {
  package var implementer: UInt64
  package var variant: UInt64
  package var part: UInt64
  package var revision: UInt64

  /// Takes the register apart.
  package init(midr: UInt64) {
    implementer = midr >> 24 & 0xff
    variant = midr >> 20 & 0xf
    part = midr >> 4 & 0xfff
    revision = midr & 0xf
  }

  /// Reads the four lines of a CPU; nil where one is missing.
  package init?(_ info: CPUInfo, _ processor: CPUInfo.Processor) {
    guard let implementer = info.number("CPU implementer", of: processor),
      let variant = info.number("CPU variant", of: processor),
      let part = info.number("CPU part", of: processor),
      let revision = info.number("CPU revision", of: processor)
    else { return nil }
    self.implementer = implementer
    self.variant = variant
    self.part = part
    self.revision = revision
  }

  /// The register again, of which the kernel's lines say all but the architecture field, which is 15
  /// in every ARMv8 core.
  package var midr: UInt64 {
    (implementer & 0xff) << 24 | (variant & 0xf) << 20 | 0xf << 16 | (part & 0xfff) << 4
      | revision & 0xf
  }

  /// Who made it.
  package var implementerName: String? { Self.implementers[implementer] }

  /// The core.
  package var partName: String? { Self.parts[implementer]?[part] }

  /// `r4p1`, as Arm and most licensees count.
  package var revisionName: String { "r\(variant)p\(revision)" }

  /// All of it: `Arm Neoverse-N1 r4p1`.
  package var name: String {
    let maker = implementerName ?? "implementer \(hexadecimal(implementer, digits: 2))"
    let core = partName ?? "part \(hexadecimal(part, digits: 3))"
    return "\(maker) \(core) \(revisionName)"
  }
}

/// A number as the kernel writes these fields: `0x0d`.
package func hexadecimal(_ value: UInt64, digits: Int) -> String {
  let text = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
}
