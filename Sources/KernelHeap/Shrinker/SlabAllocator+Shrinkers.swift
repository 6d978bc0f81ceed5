import Arm64
public import MemoryTypes
public import PageFrames

/// Who gives up objects when memory is short, and the calls that ask them.
extension SlabAllocator {
  /// Adds a shrinker; false if it is there already (`register_shrinker()`).
  public mutating func register(_ shrinker: KernelPointer<Shrinker>) -> Bool {
    guard !shrinkers.contains(shrinker) else { return false }
    shrinkers.register(shrinker)
    return true
  }

  /// Takes a shrinker out; nothing if it is not there (`unregister_shrinker()`).
  public mutating func unregister(_ shrinker: KernelPointer<Shrinker>) {
    shrinkers.unregister(shrinker)
  }

  /// Asks all shrinkers for objects, the more the lower the priority; how many went
  /// (`shrink_slab()`): for reclaim.
  @discardableResult
  public mutating func shrinkObjects(_ flags: GFP, priority: Int) -> UInt {
    counted(shrinkers.shrink(flags, priority: min(max(priority, 0), 12)))
  }

  /// Asks all shrinkers for everything (`drop_slab()`): how many objects went.
  @discardableResult
  public mutating func dropObjects() -> UInt { counted(shrinkers.dropAll()) }

  private func counted(_ result: ShrinkerList.Result) -> UInt {
    frames.pointee.count(.slabs_scanned, by: Int(clamping: result.scanned))
    return result.freed
  }
}
