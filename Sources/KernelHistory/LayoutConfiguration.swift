package import Arm64
import KernelLayout
package import MemoryTypes

/// What decides a kernel's layout: its version and the options that it was built with.
package struct LayoutConfiguration: Hashable, Sendable {
  package let version: KernelVersion
  package let pageSize: PageSize
  /// CONFIG_ARM64_VA_BITS; 52 between 5.0 and 5.3 for user space alone.
  package let vaBits: UInt64
  /// The bits that the machine translates: fewer than ``vaBits`` where it has no 52 (LVA, LPA2).
  package let actualVABits: UInt64
  package let kasan: KASANMode
  /// `sizeof(struct page)`, by which vmemmap is measured before 4.7 and from 6.9 on.
  package let structPageSize: UInt64

  /// The configuration with what is left open filled in; refuses what that version does not offer.
  package init(
    version: KernelVersion, pageSize: PageSize, vaBits: UInt64? = nil,
    actualVABits: UInt64? = nil, kasan: KASANMode = .none, structPageSize: UInt64 = 64
  ) throws(LayoutError) {
    let oldest = LayoutGenerations.all[0].since
    guard version >= oldest else {
      throw LayoutError("Linux \(version) is older than \(oldest), the oldest that is described")
    }
    let name = "Linux \(version)"
    let pages = "\(pageSize.bytes) pages"
    let offered = Self.vaBits(offeredBy: version, with: pageSize)
    guard let usual = offered.first else {
      throw LayoutError("\(name) has no \(pages) on arm64", hint: "it has them from 4.4 on")
    }
    let bits = vaBits ?? usual
    guard offered.contains(bits) else {
      let list = offered.sorted().map(String.init).joined(separator: ", ")
      throw LayoutError(
        "\(name) has no \(bits)-bit addresses with \(pages)", hint: "it has \(list)")
    }
    let minimum = Self.minimumVABits(bits, pageSize)
    let actual = actualVABits ?? bits
    guard actual == bits || actual == minimum else {
      throw LayoutError(
        bits == 52
          ? "a kernel of 52 bits runs on machines of 52 or \(minimum) bits, not \(actual)"
          : "a kernel of \(bits) bits translates \(bits) bits on every machine")
    }
    guard version >= kasan.since else {
      throw LayoutError("\(name) has no KASAN with \(kasan.rawValue)", hint: "\(kasan.since) has")
    }
    if kasan.hasShadow, pageSize == .sixteenKiB, bits == 48, version < KernelVersion(6, 9) {
      throw LayoutError("\(name) has no KASAN with 16K pages and 48 bits", hint: "6.9 has")
    }
    guard (32...4096).contains(structPageSize), structPageSize % 8 == 0 else {
      throw LayoutError("struct page is a multiple of 8 bytes, not \(structPageSize)")
    }
    self.version = version
    self.pageSize = pageSize
    self.vaBits = bits
    self.actualVABits = actual
    self.kasan = kasan
    self.structPageSize = structPageSize
  }

  /// The choices of "Virtual address space size" (arch/arm64/Kconfig), the usual one first.
  package static func vaBits(offeredBy version: KernelVersion, with pageSize: PageSize) -> [UInt64]
  {
    switch pageSize {
    case .fourKiB: version >= KernelVersion(6, 9) ? [48, 39, 52] : [48, 39]
    case .sixteenKiB:
      version >= KernelVersion(6, 9)
        ? [47, 36, 48, 52] : version >= KernelVersion(4, 4) ? [47, 36, 48] : []
    default: version >= KernelVersion(5, 0) ? [48, 42, 52] : [48, 42]
    }
  }

  /// VA_BITS_MIN: what a machine translates where it cannot translate 52 bits; 47 with 16K pages,
  /// which saves the level that a 48th bit would take.
  static func minimumVABits(_ vaBits: UInt64, _ pageSize: PageSize) -> UInt64 {
    vaBits <= 48 ? vaBits : pageSize == .sixteenKiB ? 47 : 48
  }
}

extension LayoutConfiguration {
  /// Whether only user space has 52 bits (CONFIG_ARM64_USER_VA_BITS_52, 5.0 to 5.3).
  package var isLargeForUserOnly: Bool { vaBits == 52 && version < KernelVersion(5, 4) }

  /// The bits by which the kernel half is laid out: VA_BITS of its headers.
  package var kernelBits: UInt64 { isLargeForUserOnly ? 48 : vaBits }

  /// The bits of the kernel half that the machine translates.
  package var actualKernelBits: UInt64 { min(kernelBits, actualVABits) }

  /// VA_BITS_MIN.
  package var minimumVABits: UInt64 { Self.minimumVABits(vaBits, pageSize) }

  /// The levels of translation on this machine, for either half.
  package var geometry: TranslationGeometry? {
    TranslationGeometry(
      pageSize: pageSize, vaBits: vaBits,
      hasLargeOutput: vaBits == 52 && pageSize != .sixtyFourKiB)
  }

  /// PUD_SIZE, which is the size above the PMD's, if there is one.
  var pudSize: ByteCount {
    let perLevel = pageSize.shift - 3
    let levels = (kernelBits - pageSize.shift + perLevel - 1) / perLevel
    return ByteCount(1 << (pageSize.shift + perLevel * (levels >= 3 ? 2 : 1)))
  }

  /// The layout of 6.1, whose formulas the kernel that boots shares.
  var linux6_1: KernelLayout? {
    TranslationGeometry(
      pageSize: pageSize, vaBits: kernelBits,
      hasLargeOutput: kernelBits == 52 && pageSize != .sixtyFourKiB
    ).map {
      KernelLayout(linux6_1: $0, shadow: kasan.shadow, actualVABits: actualKernelBits)
    }
  }
}

/// Why there is no such kernel: a cause in one line and, where there is one, a hint.
package struct LayoutError: Error, Equatable, Sendable {
  package var cause: String
  package var hint: String?

  package init(_ cause: String, hint: String? = nil) {
    self.cause = cause
    self.hint = hint
  }
}
