import Arm64
public import MemoryTypes
import PageFrames

/// Caches come and go: `kmem_cache_create()`, `kmem_cache_destroy()` (mm/slab_common.c).
extension SlabAllocator {
  /// Makes a cache of objects of one type.
  ///
  /// Nil if there is no memory.
  ///
  /// Objects are as large as the larger of the type and what Linux uses for the same thing, so
  /// that slabs, slabinfo and meminfo compare.
  public mutating func makeCache<T: ~Copyable>(
    of type: T.Type, name: StaticString, linuxSize: ByteCount = .zero, options: SlabOptions = []
  ) -> ObjectCache<T, B>? {
    let ownSize = ByteCount(UInt64(MemoryLayout<T>.size))
    var description = unsafe SlabDescription(
      name: SlabName(name), size: max(ownSize, linuxSize),
      alignment: UInt64(MemoryLayout<T>.alignment), options: options)
    description.ownSize = ownSize
    guard let cache = createCache(description) else { return nil }
    return ObjectCache(cache: cache)
  }

  /// Makes a cache, or finds one that will do as well (`kmem_cache_create_usercopy()`); nil where
  /// the arguments make no sense or there is no memory.
  ///
  /// The name is kept as it is, or copied.
  public mutating func createCache(
    _ description: SlabDescription, copyingName: Bool = false
  ) -> KernelPointer<SlabCache<B>>? {
    let alignment = description.alignment
    guard description.objectSize > .zero, alignment & (alignment &- 1) == 0,
      alignment <= 1 &<< 16, description.options.isSubset(of: .permitted)
    else { return nil }
    if let cache = findMergeable(description), cache.pointee.admits(description) {
      cache.pointee.references &+= 1
      cache.pointee.objectSize = max(cache.pointee.objectSize, description.objectSize)
      addAlias(description.name, copyingName: copyingName, to: cache)
      return cache
    }
    var description = description
    var copy: UnsafeMutableRawPointer?
    if copyingName {
      unsafe copy = copied(description.name)
      guard let copy = unsafe copy else { return nil }
      unsafe description.name = SlabName(
        UnsafeRawBufferPointer(start: copy, count: description.name.count))
    }
    guard let cache = build(description) else {
      unsafe kfree(copy)
      return nil
    }
    cache.pointee.ownsName = copyingName
    return cache
  }

  /// The oldest cache whose objects are as good (`find_mergeable()`).
  private func findMergeable(_ description: SlabDescription) -> KernelPointer<SlabCache<B>>? {
    guard mergesCaches, unsafe hooks == nil, !description.isUnmergeable else { return nil }
    let alignment = description.fullAlignment
    let size = description.objectSize.rawValue.rounded(up: 8).rounded(up: alignment)
    var next: KernelPointer<SlabCache<B>>? = caches
    while let cache = next {
      next = cache.pointee.next
      let there = cache.pointee.geometry.size.rawValue
      guard !cache.pointee.isUnmergeable, size <= there, there &- size < 8,
        there & (alignment &- 1) == 0,
        cache.pointee.options.isMergeable(with: description.options)
      else { continue }
      return cache
    }
    return nil
  }

  /// Makes a cache of its own.
  mutating func build(_ description: SlabDescription) -> KernelPointer<SlabCache<B>>? {
    guard let cpus = unsafe perCPU.take(frames) else { return nil }
    guard let nodeMemory = unsafe nodes.takeObject(.kernel) else {
      unsafe perCPU.give(cpus)
      return nil
    }
    if let memory = unsafe caches.takeObject(.kernel),
      // SAFETY: the memory is a free object of the cache of caches.
      let cache = unsafe SlabCache<B>.make(
        at: memory.assumingMemoryBound(to: SlabCache<B>.self), description, cpus: cpus,
        node: SlabNode.make(at: nodeMemory), frames: frames, hooks: hooks)
    {
      lastNumber &+= 1
      cache.pointee.number = lastNumber
      if !description.options.isDisjoint(with: [.account, .reclaimable]), unsafe hooks == nil {
        let row = ByteCount(UInt64(cache.pointee.geometry.objects &* 4))
        cache.pointee.rows = classes[Self.classIndex(row)]
      }
      cache.pointee.previous = newest
      newest.pointee.next = cache
      newest = cache
      return cache
    }
    unsafe nodes.giveObject(nodeMemory)
    unsafe perCPU.give(cpus)
    return nil
  }

  /// Ends a cache, or one of the names that share it (`kmem_cache_destroy()`).
  ///
  /// False if objects of it live: then it stays, and they with it.
  public mutating func destroyCache(_ cache: KernelPointer<SlabCache<B>>) -> Bool {
    guard unsafe isAlive(cache.raw), cache.pointee.references >= 0 else { return false }
    cache.pointee.references &-= 1
    if cache.pointee.references > 0 { return true }
    if let hooks = unsafe hooks {
      unsafe hooks.pointee.ending(hooks.pointee.context, cache.address)
    }
    cache.shrink()
    guard cache.pointee.node.pointee.slabs == 0 else {
      cache.pointee.references = 1
      return false
    }
    let next = cache.pointee.next
    let previous = cache.pointee.previous
    if let next {
      next.pointee.previous = previous
    } else if let previous {
      newest = previous
    }
    previous?.pointee.next = next
    dropAliases(of: cache)
    if cache.pointee.ownsName {
      unsafe kfree(UnsafeMutableRawPointer(mutating: cache.pointee.name.start))
    }
    unsafe perCPU.give(cache.pointee.cpus)
    unsafe nodes.giveObject(cache.pointee.node.raw)
    unsafe caches.giveObject(cache.raw)
    return true
  }

  func copied(_ name: SlabName) -> UnsafeMutableRawPointer? {
    guard let copy = unsafe kmalloc(ByteCount(UInt64(max(name.count, 1)))) else { return nil }
    // SAFETY: the buffer has as many bytes.
    unsafe copy.copyMemory(from: name.start, byteCount: name.count)
    return unsafe copy
  }
}

extension SlabCache {
  /// `slab_unmergeable()`.
  var isUnmergeable: Bool {
    unsafe references < 0 || constructor != nil || userSize > 0
      || !options.isDisjoint(with: .neverMerge)
  }
}

extension SlabOptions {
  /// Whether caches with the one and the other may share slabs.
  func isMergeable(with other: Self) -> Bool {
    intersection(.mergeSame) == other.intersection(.mergeSame)
  }
}
