/// How far down an allocation may take a zone, and what it may touch: Linux's ALLOC_* flags.
struct AllocationRights: OptionSet, BitwiseCopyable {
  var rawValue: UInt32
  init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Down to the low watermark instead of the minimum: where kswapd would be woken.
  static var low: Self { Self(rawValue: 1) }
  /// Down to the high watermark: the last look before the out-of-memory killer.
  static var high: Self { Self(rawValue: 2) }
  static var noWatermarks: Self { Self(rawValue: 4) }
  /// Half as deep again as others: the task is dying, to make room (ALLOC_OOM).
  static var victim: Self { Self(rawValue: 8) }
  /// Cannot wait: a quarter of what is left of the reserve.
  static var nonBlock: Self { Self(rawValue: 0x10) }
  /// `__GFP_HIGH`: half of the reserve.
  static var minReserve: Self { Self(rawValue: 0x20) }
  /// Does not mix types in a page block while another zone has room.
  static var noFragment: Self { Self(rawValue: 0x100) }
  static var highAtomic: Self { Self(rawValue: 0x200) }

  /// ALLOC_RESERVES: may go below the minimum.
  var usesReserves: Bool { !isDisjoint(with: [.nonBlock, .minReserve, .highAtomic, .victim]) }

  /// What a request may do once the first look failed (`gfp_to_alloc_flags()`).
  init(_ flags: GFP, order: Int) {
    self = []
    if flags.contains(.high) { insert(.minReserve) }
    if !flags.contains(.directReclaim) && !flags.contains(.noReserves) {
      insert(.nonBlock)
      if order > 0 && contains(.minReserve) { insert(.highAtomic) }
    }
  }
}
