import Arm64
import MemoryTypes

/// What of a translation regime a walk needs at each step, worked out when it is loaded.
struct WalkPlan: BitwiseCopyable {
  /// Whether there is translation at all.
  let isOn: Bool
  let lowerRoot: UInt64
  let upperRoot: UInt64
  let startLevel: Int
  let outputBits: UInt64
  let pageShift: UInt64
  let levelBits: UInt64
  let indexMask: UInt64
  /// The bits of an address that are translated.
  let addressMask: UInt64
  /// Those of an address that have to be the same: above the translated ones, but for a tag byte.
  private let lowerSign: UInt64
  private let upperSign: UInt64
  /// Where a descriptor has its output address, if ``isUsual``: with 48-bit output addresses.
  let tableMask: UInt64
  let isUsual: Bool
  let hasHardwareAccessAndDirty: Bool

  // What the last leaf said, and what follows from it: its attributes, its level and the limits of
  // the tables before it.
  var said: UInt64 = .max
  var saidAt = 0
  var saidUnder: UInt64 = 0
  var flags: UInt64 = 0
  var coverage: UInt64 = 0

  /// What stands for a half that is switched off.
  static var noRoot: UInt64 { .max }

  init(_ regime: TranslationRegime?) {
    isOn = regime != nil
    guard let regime else {
      (lowerRoot, upperRoot) = (Self.noRoot, Self.noRoot)
      (startLevel, outputBits, pageShift, levelBits, indexMask) = (0, 48, 12, 9, 511)
      (addressMask, lowerSign, upperSign, tableMask) = (0, 0, 0, 0)
      (isUsual, hasHardwareAccessAndDirty) = (false, false)
      return
    }
    let shape = regime.geometry
    lowerRoot = regime.lowerRoot?.rawValue ?? Self.noRoot
    upperRoot = regime.upperRoot?.rawValue ?? Self.noRoot
    startLevel = shape.startLevel
    outputBits = regime.outputBits
    pageShift = shape.pageSize.shift
    levelBits = shape.bitsPerLevel
    indexMask = (1 &<< shape.bitsPerLevel) &- 1
    addressMask = (1 &<< shape.vaBits) &- 1
    let tag: UInt64 = 0xff &<< 56
    lowerSign = ~addressMask & (regime.ignoresLowerTag ? ~tag : .max)
    upperSign = ~addressMask & (regime.ignoresUpperTag ? ~tag : .max)
    isUsual = !shape.hasLargeOutput && regime.outputBits == 48
    tableMask = 0x0000_ffff_ffff_ffff & ~shape.pageSize.offsetMask
    hasHardwareAccessAndDirty = regime.hasHardwareAccessAndDirty
  }

  /// Where the index of a level begins.
  @inline(__always) func shift(at level: Int) -> UInt64 {
    pageShift &+ UInt64(truncatingIfNeeded: 3 &- level) &* levelBits
  }

  /// As ``TranslationRegime/isInRange(_:)``.
  @inline(__always) func isInRange(_ address: UInt64) -> Bool {
    VirtualAddress(address).isKernelHalf
      ? ~address & upperSign == 0 : address & lowerSign == 0
  }
}
