/// The releases of glibc whose rules are known here, each with those after it that share them.
public enum GlibcVersion: UInt8, CaseIterable, Comparable, Sendable {
  /// tcache without a key, its counts in bytes (2.26 to 2.28 as released).
  case v2_27 = 27
  /// The same, with unsorted checks.
  case v2_28 = 28
  /// Key is the tcache's address, counts of 16 bits (2.30 and 2.31).
  case v2_31 = 31
  /// Safe-linking, a random key, huge pages (2.35, and 2.34 but for huge pages).
  case v2_35 = 35
  /// Debian 12's.
  case v2_36 = 36
  /// A freed remainder is no longer put through the tcache; memalign as of 2.38.
  case v2_39 = 39
  /// calloc takes from the tcache.
  case v2_41 = 41

  @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
