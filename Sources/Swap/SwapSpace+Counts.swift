import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

/// Who names a slot (mm/swapfile.c:__swap_duplicate(), __swap_entry_free() and on).
extension SwapSpace {
  /// One more place names the slot (`swap_duplicate()`).
  ///
  /// ENOENT where nothing is in it, ENOMEM where more cannot be counted.
  public mutating func duplicate(_ entry: SwapEntry) throws(Errno) {
    guard let area = area(of: entry) else { throw .EINVAL }
    let count = area.pointee.count(entry.offset)
    guard count != .bad, !count.isFree else { throw .ENOENT }
    guard count.users < SwapCount.most else { throw .ENOMEM }
    area.pointee.set(SwapCount(rawValue: count.rawValue &+ 1), at: entry.offset)
  }

  /// One place less; whether the cache alone has the page now (`__swap_entry_free()`).
  @discardableResult
  public mutating func free(_ entry: SwapEntry) -> Bool {
    guard let area = area(of: entry) else { return false }
    let count = area.pointee.count(entry.offset)
    guard count.users > 0, count != .bad else { return false }
    let left = SwapCount(rawValue: count.rawValue &- 1)
    guard left.isFree else {
      area.pointee.set(left, at: entry.offset)
      return left == .cached
    }
    area.pointee.set(.cached, at: entry.offset)
    freeSlot(entry)
    return false
  }

  /// One place less, and if that was the last the page in RAM needs the slot no more, where slots
  /// are few or nobody has the page mapped (`free_swap_and_cache()`).
  public mutating func freeAndCache(_ entry: SwapEntry) {
    guard free(entry), let area = area(of: entry),
      let number = trees.find(entry.offset, in: area.pointee.cache)
    else { return }
    settle()
    if frames.pointee.frame(number).pointee.mapCount == 0 || isFull { freeCached(number) }
  }

  /// The cache has the page no more (`put_swap_folio()`).
  mutating func uncache(_ entry: SwapEntry) {
    guard let area = area(of: entry) else { return }
    let count = area.pointee.count(entry.offset)
    precondition(count.isCached)
    if count.users == 0 {
      freeSlot(entry)
    } else {
      area.pointee.set(SwapCount(rawValue: count.users), at: entry.offset)
    }
  }

  /// The cache is to have the page (`swapcache_prepare()`).
  mutating func prepareCache(_ entry: SwapEntry) throws(Errno) {
    guard let area = area(of: entry) else { throw .EINVAL }
    let count = area.pointee.count(entry.offset)
    guard count.users > 0, count != .bad else { throw .ENOENT }
    guard !count.isCached else { throw .EEXIST }
    area.pointee.set(
      SwapCount(rawValue: count.rawValue | SwapCount.cached.rawValue), at: entry.offset)
  }

  /// How many places name the slot (`__swap_count()`).
  public func users(of entry: SwapEntry) -> Int {
    guard let area = area(of: entry) else { return 0 }
    let count = area.pointee.count(entry.offset)
    return count == .bad ? 0 : Int(count.users)
  }

  /// The memory group that a slot is charged to, and charging it (`swap_cgroup_record()`).
  public func group(of entry: SwapEntry) -> UInt16 {
    area(of: entry)?.pointee.groups[entry.offset] ?? 0
  }

  public func setGroup(_ group: UInt16, of entry: SwapEntry) {
    area(of: entry)?.pointee.groups[entry.offset] = group
  }
}
