/// Families and models by the names of their designs (Linux's `asm/intel-family.h`, and for AMD
/// the ranges of `bsp_init_amd` and `init_amd_zen*` in `arch/x86/kernel/cpu/amd.c`).
extension X86Identity {
  static func intel(_ family: UInt64, _ model: UInt64) -> String? {
    switch family {
    case 5: model == 9 ? "Quark X1000" : "Pentium"
    case 6: core[model]
    case 15: "NetBurst"
    case 18: [1: "Nova Lake", 3: "Nova Lake-L"][model]
    case 19: model == 1 ? "Diamond Rapids" : nil
    default: nil
    }
  }

  static func amd(_ family: UInt64, _ model: UInt64) -> String? {
    switch family {
    case 15: "K8"
    case 16: "K10 (Barcelona)"
    case 17: "K8/K10 (Griffin)"
    case 18: "K10 (Llano)"
    case 20: "Bobcat"
    case 21:
      model < 0x10
        ? (model < 2 ? "Bulldozer" : "Piledriver")
        : model < 0x30 ? "Piledriver" : model < 0x60 ? "Steamroller" : "Excavator"
    case 22: model < 0x30 ? "Jaguar" : "Puma"
    case 23:
      switch model {
      case 0x00...0x07: "Zen (Naples, Summit Ridge)"
      case 0x08...0x0f: "Zen+ (Pinnacle Ridge)"
      case 0x11: "Zen (Raven Ridge)"
      case 0x18: "Zen+ (Picasso)"
      case 0x10...0x2f, 0x50...0x5f: "Zen"
      case 0x31: "Zen 2 (Rome, Castle Peak)"
      case 0x60: "Zen 2 (Renoir)"
      case 0x71: "Zen 2 (Matisse)"
      default: "Zen 2"
      }
    case 25:
      switch model {
      case 0x00...0x0f: "Zen 3 (Milan)"
      case 0x10...0x1f: "Zen 4 (Genoa)"
      case 0x21: "Zen 3 (Vermeer)"
      case 0x44: "Zen 3+ (Rembrandt)"
      case 0x50: "Zen 3 (Cezanne)"
      case 0x61: "Zen 4 (Raphael)"
      case 0x74, 0x75, 0x78: "Zen 4 (Phoenix)"
      case 0xa0...0xaf: "Zen 4c (Bergamo, Siena)"
      case 0x60...0x7f: "Zen 4"
      default: "Zen 3"
      }
    case 26:
      switch model {
      case 0x00...0x0f: "Zen 5 (Turin)"
      case 0x10...0x1f: "Zen 5c (Turin Dense)"
      case 0x44: "Zen 5 (Granite Ridge)"
      case 0x20...0x4f, 0x60...0x7f: "Zen 5"
      default: "Zen 6"
      }
    default: nil
    }
  }

  /// Intel's family 6.
  private static let core: [UInt64: String] = [
    0x0e: "Core (Yonah)", 0x0f: "Core 2 (Merom)", 0x16: "Core 2 (Merom-L)",
    0x17: "Core 2 (Penryn)", 0x1d: "Core 2 (Dunnington)", 0x1a: "Nehalem-EP", 0x1e: "Nehalem",
    0x1f: "Nehalem", 0x2e: "Nehalem-EX", 0x25: "Westmere", 0x2c: "Westmere-EP",
    0x2f: "Westmere-EX", 0x2a: "Sandy Bridge", 0x2d: "Sandy Bridge-EP", 0x3a: "Ivy Bridge",
    0x3e: "Ivy Bridge-EP", 0x3c: "Haswell", 0x3f: "Haswell-EP", 0x45: "Haswell-L",
    0x46: "Haswell-G", 0x3d: "Broadwell", 0x47: "Broadwell-G", 0x4f: "Broadwell-EP",
    0x56: "Broadwell-DE", 0x4e: "Skylake-L", 0x5e: "Skylake",
    0x55: "Skylake-SP, Cascade Lake or Cooper Lake", 0x8e: "Kaby Lake-L and successors",
    0x9e: "Kaby Lake and Coffee Lake", 0xa5: "Comet Lake", 0xa6: "Comet Lake-L",
    0x66: "Cannon Lake", 0x6a: "Ice Lake-SP", 0x6c: "Ice Lake-D", 0x7d: "Ice Lake",
    0x7e: "Ice Lake-L", 0x9d: "Ice Lake (NNPI)", 0x8a: "Lakefield", 0xa7: "Rocket Lake",
    0x8c: "Tiger Lake-L", 0x8d: "Tiger Lake", 0x8f: "Sapphire Rapids", 0xcf: "Emerald Rapids",
    0xad: "Granite Rapids", 0xae: "Granite Rapids-D", 0xd7: "Bartlett Lake", 0x97: "Alder Lake",
    0x9a: "Alder Lake-L", 0xbe: "Alder Lake-N (Gracemont)", 0xb7: "Raptor Lake",
    0xba: "Raptor Lake-P", 0xbf: "Raptor Lake-S", 0xac: "Meteor Lake", 0xaa: "Meteor Lake-L",
    0xc5: "Arrow Lake-H", 0xc6: "Arrow Lake", 0xb5: "Arrow Lake-U", 0xbd: "Lunar Lake",
    0xcc: "Panther Lake", 0xd5: "Wildcat Lake", 0x1c: "Atom (Bonnell)", 0x26: "Atom (Bonnell)",
    0x27: "Atom (Saltwell)", 0x35: "Atom (Saltwell)", 0x36: "Atom (Saltwell)",
    0x37: "Atom (Silvermont)", 0x4a: "Atom (Silvermont)", 0x4d: "Atom (Silvermont)",
    0x5a: "Atom (Silvermont)", 0x4c: "Atom (Airmont)", 0x75: "Atom (Airmont)",
    0x5c: "Atom (Goldmont)", 0x5f: "Atom (Goldmont, Denverton)", 0x7a: "Atom (Goldmont Plus)",
    0x86: "Atom (Tremont, Jacobsville)", 0x96: "Atom (Tremont, Elkhart Lake)",
    0x9c: "Atom (Tremont, Jasper Lake)", 0xaf: "Sierra Forest (Crestmont)",
    0xb6: "Grand Ridge (Crestmont)", 0xdd: "Clearwater Forest (Darkmont)",
    0x57: "Xeon Phi (Knights Landing)", 0x85: "Xeon Phi (Knights Mill)",
  ]
}
