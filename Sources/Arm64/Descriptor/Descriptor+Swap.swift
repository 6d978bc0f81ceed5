public import MemoryTypes

/// The descriptor of a page that is on a swap device: invalid to the MMU, and not present
/// (arch/arm64/include/asm/pgtable.h, `__swp_entry()`).
///
/// ```
///  63        58  57                                    8 7     3    2      1 0
///  0        0 PN              offset                      area   exclusive 0 0
/// ```
extension Descriptor {
  /// The page was one process's alone when it was unmapped (`PTE_SWP_EXCLUSIVE`).
  @inlinable static var swapExclusive: UInt64 { 1 &<< 2 }

  /// The descriptor for a page that was swapped out (`swp_entry_to_pte()`).
  @inlinable public init(swapped entry: SwapEntry, isExclusive: Bool) {
    self.init(
      UInt64(truncatingIfNeeded: entry.area) &<< 3 | entry.offset &<< 8
        | (isExclusive ? Self.swapExclusive : 0))
  }

  /// Where the page is, if this is such a descriptor (`is_swap_pte()`, `pte_to_swp_entry()`).
  @inlinable public var swapEntry: SwapEntry? {
    guard !isNone, !isPresent else { return nil }
    return SwapEntry(
      area: Int(truncatingIfNeeded: rawValue &>> 3) & (1 &<< Int(SwapEntry.areaBits) &- 1),
      offset: rawValue &>> 8 & (1 &<< SwapEntry.offsetBits &- 1))
  }

  /// Whether its page was one process's alone (`pte_swp_exclusive()`).
  @inlinable public var isSwapExclusive: Bool { rawValue & Self.swapExclusive != 0 }

  /// The same, shared from now on (`pte_swp_clear_exclusive()`).
  @inlinable public var madeSwapShared: Self { Self(rawValue & ~Self.swapExclusive) }
}
