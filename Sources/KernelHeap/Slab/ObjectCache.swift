public import Arm64
public import MemoryTypes
public import PageFrames

/// A typed handle of a slab cache: where objects of one type come from.
///
/// As wide as a pointer.
public struct ObjectCache<T: ~Copyable, B: Board>: BitwiseCopyable {
  let cache: KernelPointer<SlabCache<B>>

  /// Puts a value into a new object; nil, and the value gone, if there is no memory.
  public func allocate(_ value: consuming T, _ flags: GFP = .kernel) -> KernelPointer<T>? {
    guard let memory = unsafe cache.takeObject(flags) else { return nil }
    if let group = cache.pointee.frames.pointee.groups.current {
      unsafe cache.charge(memory, to: group)
    }
    // SAFETY: the memory is a free object of the cache, large and aligned enough for T, and now
    // the caller's.
    let place = unsafe memory.assumingMemoryBound(to: T.self)
    unsafe place.initialize(to: value)
    return unsafe KernelPointer(place)
  }

  /// Ends an object's life and takes its memory back.
  public func free(_ object: KernelPointer<T>) {
    // SAFETY: the caller gives up the object; no pointer to it may be used any more.
    let memory = unsafe object.raw
    unsafe memory.assumingMemoryBound(to: T.self).deinitialize(count: 1)
    if cache.pointee.frames.pointee.chargesObjects { unsafe cache.uncharge(memory) }
    unsafe cache.giveObject(memory)
  }
}
