import Arm64
public import MemoryTypes

/// Telling pages that come back soon from pages that come once (mm/workingset.c).
///
/// When a page is evicted, the *age* of its list is left in its place as a *shadow*: how many
/// evictions and activations there had been. When the page comes back, the difference is its
/// *refault distance*: how many more pages the inactive list would have had to hold to keep it. If
/// all active pages together are at least that many, the page would have stayed if it had been
/// active: it becomes so at once.
extension FrameAllocator {
  /// What is left in the place of an evicted page: the age, the memory group that was reclaimed
  /// from, and whether the page had been active before (`workingset_eviction()`).
  public mutating func evict(_ number: PageFrameNumber, for group: UInt32 = 0) -> UInt64 {
    if usesGenerations { return evictFromGeneration(frames[number]) }
    let vector = lruVector(group: group)
    let age = vector.pointee.nonresidentAge
    ageNonresident(vector, 1)
    let wasWorkingSet: UInt64 = frames[number].pointee.flags.contains(.workingset) ? 1 : 0
    return (age & Self.ageMask) &<< 17 | UInt64(group & 0xffff) &<< 1 | wasWorkingSet
  }

  /// Bits of an age in a shadow: 61 less the group and a flag; the next is the file's.
  static var ageMask: UInt64 { 1 &<< 44 &- 1 }

  /// A page comes back whose place had a shadow (`workingset_refault()`).
  ///
  /// Anonymous pages compete where they can be taken (`hasSwap`).
  public mutating func refault(_ number: PageFrameNumber, _ shadow: UInt64) {
    let frame = frames[number]
    if usesGenerations { return refaultToGeneration(frame, shadow) }
    let file = frame.pointee.flags.contains(.swapBacked) ? 0 : 1
    let number = UInt32(shadow &>> 1 & 0xffff)
    // The group that it was taken from may be gone.
    if number != 0 && group(number) == nil { return }
    let evicted = lruVector(group: number)
    let distance = (evicted.pointee.nonresidentAge &- shadow &>> 17) & Self.ageMask
    let vector = lruVector(of: frame)
    count(file == 0 ? .workingset_refault_anon : .workingset_refault_file)
    countGroup(file == 0 ? .workingset_refault_anon : .workingset_refault_file, frame, by: 1)
    var size = state(of: evicted, .activeFile)
    if file == 0 { size &+= state(of: evicted, .inactiveFile) }
    if hasSwap {
      size &+= state(of: evicted, .activeAnonymous)
      if file == 1 { size &+= state(of: evicted, .inactiveAnonymous) }
    }
    guard distance <= UInt64(max(size, 0)) else { return }
    frame.pointee.flags.insert(.active)
    ageNonresident(vector, 1)
    countActivation(vector, file)
    guard shadow & 1 != 0 else { return }
    frame.pointee.flags.insert(.workingset)
    noteCost(vector, isFile: file == 1, 1)
    count(file == 0 ? .workingset_restore_anon : .workingset_restore_file)
    countGroup(file == 0 ? .workingset_restore_anon : .workingset_restore_file, frame, by: 1)
  }

  private mutating func countActivation(_ vector: KernelPointer<LRUVector>, _ file: Int) {
    let item = file == 0 ? VMStat.workingset_activate_anon : .workingset_activate_file
    count(item)
    group(vector.pointee.group)?.count(item)
    var next: KernelPointer<LRUVector>? = vector
    while let vector = next {
      vector.pointee.activated[file] &+= 1
      next = parent(of: vector)
    }
  }

  /// A list ages: of the group and of all above it (`workingset_age_nonresident()`).
  @inline(__always)
  mutating func ageNonresident(_ vector: KernelPointer<LRUVector>, _ pages: UInt64) {
    var next: KernelPointer<LRUVector>? = vector
    while let vector = next {
      vector.pointee.nonresidentAge &+= pages
      next = parent(of: vector)
    }
  }

  /// What taking pages of a kind has cost, in pages written or brought back, the past counting less
  /// (`lru_note_cost()`).
  public mutating func noteCost(
    _ vector: KernelPointer<LRUVector>, isFile: Bool, _ pages: UInt64
  ) {
    var next: KernelPointer<LRUVector>? = vector
    while let vector = next {
      vector.pointee.costs[isFile ? 1 : 0] &+= pages
      var size = 0
      for list in 0..<4 {
        guard let list = LRUList(rawValue: UInt8(list)) else { continue }
        size &+= state(of: vector, list)
      }
      if vector.pointee.costs[0] &+ vector.pointee.costs[1] > UInt64(max(size, 0)) / 4 {
        vector.pointee.costs[0] /= 2
        vector.pointee.costs[1] /= 2
      }
      next = parent(of: vector)
    }
  }
}
