/// What a swap map says of a slot: how many page-table entries and shared-memory files name it, and
/// whether the swap cache has its page (include/linux/swap.h, SWAP_HAS_CACHE and on).
///
/// Linux has a byte, and pages of continuations for counts above 62. Here two bytes are all: a fork
/// that would make more than 16,382 users of one slot fails with ENOMEM.
struct SwapCount: BitwiseCopyable, Hashable {
  var rawValue: UInt16 = 0

  static var free: Self { Self() }
  /// A slot that is none: the header, or what mkswap found to be bad (SWAP_MAP_BAD).
  static var bad: Self { Self(rawValue: 0x3fff) }
  /// The most users (SWAP_MAP_MAX).
  static var most: UInt16 { 0x3ffe }
  /// Taken, and nobody's yet, or the swap cache's alone.
  static var cached: Self { Self(rawValue: 0x4000) }

  init() {}
  init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The users, entries and files (`swap_count()`).
  var users: UInt16 { rawValue & 0x3fff }
  var isCached: Bool { rawValue & 0x4000 != 0 }
  var isFree: Bool { rawValue == 0 }
}
