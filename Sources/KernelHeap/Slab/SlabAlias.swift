import Arm64
public import MemoryTypes
import PageFrames

/// One more name of a cache that was asked for under several (`sysfs_slab_alias()`).
///
/// A small buffer of `kmalloc()`; it lives as long as the cache, as the link on Linux does.
struct SlabAlias {
  let name: SlabName
  let ownsName: Bool
  var next: KernelPointer<SlabAlias>?
}

extension SlabAllocator {
  /// Adds a name to a cache; nothing where it has the name, or there is no memory for it.
  func addAlias(
    _ name: SlabName, copyingName: Bool, to cache: KernelPointer<SlabCache<B>>
  ) {
    guard cache.pointee.name != name else { return }
    var last: KernelPointer<SlabAlias>?
    var next = cache.pointee.aliasNames
    while let here = next {
      if here.pointee.name == name { return }
      last = here
      next = here.pointee.next
    }
    var own = name
    if copyingName {
      guard let copy = unsafe copied(name) else { return }
      unsafe own = SlabName(UnsafeRawBufferPointer(start: copy, count: name.count))
    }
    guard let memory = unsafe kmalloc(ByteCount(UInt64(MemoryLayout<SlabAlias>.size))) else {
      if copyingName { unsafe kfree(UnsafeMutableRawPointer(mutating: own.start)) }
      return
    }
    // SAFETY: the buffer is ours, and large and aligned enough.
    let place = unsafe memory.bindMemory(to: SlabAlias.self, capacity: 1)
    unsafe place.initialize(to: SlabAlias(name: own, ownsName: copyingName, next: nil))
    let alias = unsafe KernelPointer(place)
    if let last { last.pointee.next = alias } else { cache.pointee.aliasNames = alias }
  }

  /// Gives all further names of a cache back.
  func dropAliases(of cache: KernelPointer<SlabCache<B>>) {
    while let alias = cache.pointee.aliasNames {
      cache.pointee.aliasNames = alias.pointee.next
      if alias.pointee.ownsName {
        unsafe kfree(UnsafeMutableRawPointer(mutating: alias.pointee.name.start))
      }
      unsafe kfree(alias.raw)
    }
  }

  /// A name of the cache of a number: 0 is its own, the others follow; nil behind the last.
  public func name(_ index: Int, ofCacheNumbered number: UInt16) -> SlabName? {
    guard let cache = cache(numbered: number) else { return nil }
    if index == 0 { return cache.pointee.name }
    var alias = cache.pointee.aliasNames
    var left = index &- 1
    while left > 0, let here = alias {
      alias = here.pointee.next
      left &-= 1
    }
    return alias?.pointee.name
  }

  /// The newest cache of a number.
  public func cache(numbered number: UInt16) -> KernelPointer<SlabCache<B>>? {
    var cache: KernelPointer<SlabCache<B>>? = newest
    while let here = cache {
      if here.pointee.number & 0x7FF == number { return here }
      cache = here.pointee.previous
    }
    return nil
  }

  /// How many empty slabs a cache may keep in its node's list (min_partial_store()).
  public func setMinPartial(_ slabs: Int, of cache: KernelPointer<SlabCache<B>>) {
    cache.pointee.geometry.minPartial = slabs
  }

  /// How many objects a processor may keep in partial slabs (cpu_partial_store()).
  ///
  /// What it keeps is given up. False for caches of which no processor keeps any.
  public func setPerCPUObjects(_ objects: Int, of cache: KernelPointer<SlabCache<B>>) -> Bool {
    guard objects == 0 || !cache.pointee.options.contains(.checked) else { return false }
    cache.pointee.geometry.setPerCPUObjects(objects)
    for processor in 0..<cache.pointee.processors { cache.flush(processor) }
    return true
  }
}
