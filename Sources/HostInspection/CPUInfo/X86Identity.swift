/// What an x86 core says it is: CPUID leaves 0 and 1.
package struct X86Identity: Hashable, Sendable {
  package var vendor: String
  package var family: UInt64
  package var model: UInt64
  package var stepping: UInt64

  /// Reads the four lines of a CPU; nil where one is missing.
  package init?(_ info: CPUInfo, _ processor: CPUInfo.Processor) {
    guard let vendor = info.value("vendor_id", of: processor),
      let family = info.number("cpu family", of: processor),
      let model = info.number("model", of: processor)
    else { return nil }
    self.vendor = vendor
    self.family = family
    self.model = model
    // Some cores have none, which the kernel writes as `unknown`.
    stepping = info.number("stepping", of: processor) ?? 0
  }

  /// Who made it, by the twelve letters of CPUID leaf 0.
  package var vendorName: String? {
    switch vendor {
    case "GenuineIntel": "Intel"
    case "AuthenticAMD": "AMD"
    case "HygonGenuine": "Hygon"
    case "CentaurHauls": "VIA (Centaur)"
    case "Shanghai": "Zhaoxin"
    case "GenuineTMx86": "Transmeta"
    case "Vortex86 SoC": "DM&P"
    case "CyrixInstead": "Cyrix"
    case "Geode by NSC": "National Semiconductor"
    default: nil
    }
  }

  /// The design that family and model stand for; nil for one that is not known here.
  package var design: String? {
    switch vendor {
    case "GenuineIntel": Self.intel(family, model)
    case "AuthenticAMD": Self.amd(family, model)
    case "HygonGenuine": family == 24 ? "Dhyana (Zen)" : nil
    default: nil
    }
  }
}
