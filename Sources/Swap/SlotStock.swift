import MemoryTypes

/// Slots that a processor has taken for its next pages, and slots that it will give back: 64 of each
/// at most (mm/swap_slots.c, `struct swap_slots_cache`).
struct SlotStock: ~Copyable {
  let resident = Resident()
  static var capacity: Int { 64 }

  var slots: InlineArray<64, SwapEntry> = .init(repeating: SwapEntry(rawValue: 0))
  /// The next to be given out, and how many are left.
  var next = 0
  var left = 0
  var returned: InlineArray<64, SwapEntry> = .init(repeating: SwapEntry(rawValue: 0))
  var returnedCount = 0
  /// Whether there is any area, and enough free slots that none are to be hoarded.
  var isEnabled = false
  var isActive = false

  /// Free slots, in stocks: from here on it is used, below here no more
  /// (THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE and its opposite).
  static var enough: Int64 { 5 * 64 }
  static var few: Int64 { 2 * 64 }

  init() {}
}
