import Arm64
import MemoryTypes

/// How often pages are used through calls, how many come back, and what follows from it.
extension FrameAllocator {
  /// One more use through a call (`folio_inc_refs()`).
  @inline(never)
  mutating func countUse(_ frame: KernelPointer<Frame>) {
    let flags = frame.pointee.flags
    if flags.contains(.unevictable) { return }
    if !flags.contains(.referenced) {
      frame.pointee.flags.insert(.referenced)
    } else if !flags.contains(.workingset) {
      frame.pointee.flags.insert(.workingset)
    } else if !flags.contains(.useBits) {
      frame.pointee.flags.setUseBits(flags.uses)
    }
  }

  /// What is left in the place of an evicted page: the oldest generation, how often the page had
  /// been used, and its group (`lru_gen_eviction()`).
  mutating func evictFromGeneration(_ frame: KernelPointer<Frame>) -> UInt64 {
    let type = frame.pointee.lruType
    let uses = frame.pointee.flags.uses
    let generations = generations(of: frame)
    let token =
      generations.pointee.oldest[type] &<< 2 | UInt64(max(uses &- 1, 0))
    generations.pointee.evicted[type &* 4 &+ Frame.Flags.tier(uses: uses)] &+= 1
    return (token & Self.ageMask) &<< 17 | UInt64(frame.pointee.charge & 0xffff) &<< 1
      | (uses != 0 ? 1 : 0)
  }

  /// A page comes back whose place had a shadow (`lru_gen_refault()`): it counts if the generation
  /// that it went with is still the oldest.
  mutating func refaultToGeneration(_ frame: KernelPointer<Frame>, _ shadow: UInt64) {
    guard UInt32(shadow &>> 1 & 0xffff) == frame.pointee.charge & 0xffff else { return }
    let type = frame.pointee.lruType
    let generations = generations(of: frame)
    let token = shadow &>> 17 & Self.ageMask
    guard token &>> 2 == generations.pointee.oldest[type] & Self.ageMask &>> 2 else { return }
    let uses = Int(token & 3) &+ Int(shadow & 1)
    generations.pointee.refaulted[type &* 4 &+ Frame.Flags.tier(uses: uses)] &+= 1
    let item = type == 0 ? VMStat.workingset_refault_anon : .workingset_refault_file
    count(item)
    countGroup(item, frame, by: 1)
    // Pushed out although it was mapped, or although it should have been protected.
    guard faultedFrom >= 0 || uses >= 3 else { return }
    frame.pointee.flags.formUnion([.useBits, .workingset])
    let restored = type == 0 ? VMStat.workingset_restore_anon : .workingset_restore_file
    count(restored)
    countGroup(restored, frame, by: 1)
  }
}

extension Generations {
  /// What of a tier came back, and of how many (`struct ctrl_pos`).
  struct Position: BitwiseCopyable {
    var refaulted: Int
    var total: Int
    var gain: Int

    /// Whether the other comes back no more than this one, or hardly at all
    /// (`positive_ctrl_err()`).
    func allows(_ other: Position) -> Bool {
      other.refaulted < Generations.batch
        || other.refaulted &* (total &+ Generations.batch) &* gain
          <= (refaulted &+ 1) &* other.total &* other.gain
    }
  }

  /// read_ctrl_pos().
  func position(_ type: Int, _ tier: Int, gain: Int) -> Position {
    let index = type &* 4 &+ tier
    return Position(
      refaulted: averageRefaulted[index] &+ refaulted[index],
      total: averageTotal[index] &+ evicted[index] &+ protected[index], gain: gain)
  }

  /// The oldest generation of a type is gone: what it showed is half of the average now
  /// (`reset_ctrl_pos()`).
  mutating func carryOver(_ type: Int) {
    for index in type &* 4..<type &* 4 &+ Self.tiers {
      averageRefaulted[index] = (averageRefaulted[index] &+ refaulted[index]) / 2
      averageTotal[index] =
        (averageTotal[index] &+ evicted[index] &+ protected[index]) / 2
      refaulted[index] = 0
      evicted[index] = 0
      protected[index] = 0
    }
  }

  /// The last tier of a type that is evicted, by comparison with its own first
  /// (`get_tier_idx()`): a margin for what only seems to be more.
  public func lastTier(_ type: Int) -> Int {
    let first = position(type, 0, gain: 1)
    var tier = 1
    while tier < Self.tiers, first.allows(position(type, tier, gain: 2)) { tier &+= 1 }
    return tier &- 1
  }

  /// The type to take from, and the last tier of it (`get_type_to_scan()`).
  public func typeToScan(swappiness: Int) -> (type: Int, tier: Int) {
    let gains = (swappiness, 200 &- swappiness)
    let anonymous = position(0, 0, gain: gains.0)
    let file = position(1, 0, gain: gains.1)
    let type = anonymous.allows(file) ? 1 : 0
    let other = type == 0 ? file : anonymous
    var tier = 1
    while tier < Self.tiers,
      other.allows(position(type, tier, gain: type == 0 ? gains.0 : gains.1))
    {
      tier &+= 1
    }
    return (type, tier &- 1)
  }
}
