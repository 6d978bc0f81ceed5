/// The cores that come with the tool: the files in `Presets`, in the binary itself.
package enum CorePresets {
  /// Their names, the default first, then by family.
  package static let names = [
    "neoverse-n1", "neoverse-n2", "neoverse-v1", "neoverse-v2", "ampere-altra", "ampere-one",
    "apple-m1-firestorm", "apple-m1-icestorm", "cortex-a35", "cortex-a53", "cortex-a55",
    "cortex-a57", "cortex-a72", "cortex-a76", "cortex-a78", "cortex-x1", "max",
  ]

  /// The bytes of a preset's file; nil where there is none of that name.
  package static func file(_ name: String) -> [UInt8]? {
    switch name {
    case "ampere-altra": PackageResources.ampere_altra_yaml
    case "ampere-one": PackageResources.ampere_one_yaml
    case "apple-m1-firestorm": PackageResources.apple_m1_firestorm_yaml
    case "apple-m1-icestorm": PackageResources.apple_m1_icestorm_yaml
    case "cortex-a35": PackageResources.cortex_a35_yaml
    case "cortex-a53": PackageResources.cortex_a53_yaml
    case "cortex-a55": PackageResources.cortex_a55_yaml
    case "cortex-a57": PackageResources.cortex_a57_yaml
    case "cortex-a72": PackageResources.cortex_a72_yaml
    case "cortex-a76": PackageResources.cortex_a76_yaml
    case "cortex-a78": PackageResources.cortex_a78_yaml
    case "cortex-x1": PackageResources.cortex_x1_yaml
    case "max": PackageResources.max_yaml
    case "neoverse-n1": PackageResources.neoverse_n1_yaml
    case "neoverse-n2": PackageResources.neoverse_n2_yaml
    case "neoverse-v1": PackageResources.neoverse_v1_yaml
    case "neoverse-v2": PackageResources.neoverse_v2_yaml
    default: nil
    }
  }

  /// The preset of that name; nil where there is none.
  package static func core(_ name: String) throws(CoreFileError) -> CoreDescription? {
    guard let bytes = file(name) else { return nil }
    return try CoreDescription(parsing: String(decoding: bytes, as: UTF8.self), named: name)
  }
}
