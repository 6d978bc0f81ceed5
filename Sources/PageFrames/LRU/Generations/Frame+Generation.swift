/// What a frame's flags say of its generation and its tier.
extension Frame.Flags {
  /// Three bits: 0, or the generation's number and one (LRU_GEN_MASK).
  @inlinable static var generationBits: Frame.Flags { Frame.Flags(rawValue: 7 << 22) }
  /// Two bits: how often the page was used through calls, beyond `workingset` (LRU_REFS_MASK).
  @inlinable static var useBits: Frame.Flags { Frame.Flags(rawValue: 3 << 25) }
  /// All that says how often (LRU_REFS_MASK | LRU_REFS_FLAGS).
  @inlinable static var allUses: Frame.Flags { [useBits, .referenced, .workingset] }

  /// Whether the frame is on the list of a generation.
  @inline(__always) var hasGeneration: Bool { !isDisjoint(with: .generationBits) }

  /// The generation's number, -1 without one (`folio_lru_gen()`).
  @inline(__always)
  public var generation: Int { Int(rawValue &>> 22 & 7) &- 1 }

  @inline(__always) mutating func setGeneration(_ number: Int) {
    rawValue = rawValue & ~Self.generationBits.rawValue | UInt32(number &+ 1) &<< 22
  }

  /// Uses through calls beyond the first (`folio_lru_refs()`).
  var uses: Int { Int(rawValue &>> 25 & 3) &+ (contains(.workingset) ? 1 : 0) }

  mutating func setUseBits(_ uses: Int) {
    rawValue = rawValue & ~Self.useBits.rawValue | UInt32(uses) &<< 25
  }

  /// The tier of so many uses (`lru_tier_from_refs()`).
  static func tier(uses: Int) -> Int { Int.bitWidth &- uses.leadingZeroBitCount }
}

extension Frame {
  /// 0 for what goes to swap, 1 for what does not (`folio_is_file_lru()`).
  @inline(__always) var lruType: Int { flags.contains(.swapBacked) ? 0 : 1 }
}
