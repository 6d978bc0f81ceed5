/// The releases of glibc whose rules are built, each compared call by call with the library itself.
///
/// Of those between them only the differences are known, not which of them has which; whoever asks
/// for one of these is told so.
public enum GlibcVersion: UInt8, CaseIterable, Comparable, Sendable {
  /// Debian 11's: no safe-linking, a tcache's address as the key of its entries, no huge pages.
  case v2_31 = 31
  /// Debian 12's.
  case v2_36 = 36
  /// Debian 13's: calloc and memalign take from the tcache, small chunks are freed into their bin,
  /// memalign gives back every remainder it can.
  case v2_41 = 41

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
