package import KernelLayout

/// What KASAN the kernel was built with (lib/Kconfig.kasan).
package enum KASANMode: String, CaseIterable, Sendable {
  case none
  case generic
  case softwareTags = "sw-tags"
  case hardwareTags = "hw-tags"

  /// The shadow that it keeps; tags of the hardware need none.
  package var shadow: KernelLayout.Shadow {
    switch self {
    case .none, .hardwareTags: .none
    case .generic: .generic
    case .softwareTags: .softwareTags
    }
  }

  package var hasShadow: Bool { shadow != .none }

  /// KASAN_SHADOW_SCALE_SHIFT: so many bits of an address are left out of its shadow's.
  package var shadowScale: UInt64 { shadow.rawValue }

  /// The first version that has it on arm64.
  var since: KernelVersion {
    switch self {
    case .none: KernelVersion(0, 0)
    case .generic: KernelVersion(4, 4)
    case .softwareTags: KernelVersion(5, 0)
    case .hardwareTags: KernelVersion(5, 11)
    }
  }
}
