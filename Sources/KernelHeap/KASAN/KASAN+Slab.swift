/// Objects of slabs, and buffers: mm/kasan/common.c and generic.c.
extension KASAN {
  /// How many bytes behind an object of a size are KASAN's: its records, and at least the redzone
  /// that Linux thinks best (`kasan_cache_create()`).
  ///
  /// - Parameters:
  ///   - size: what the object takes with what the allocator keeps behind it.
  ///   - recordsFreeInside: whether the free record may lie in the freed object.
  public static func extraBytes(objectSize: UInt64, size: UInt64, recordsFreeInside: Bool) -> UInt64
  {
    let records = AllocationRecord.size &+ (recordsFreeInside ? 0 : FreeRecord.size)
    return max(size &+ records, objectSize &+ redzone(objectSize)) &- size
  }

  /// `optimal_redzone()`: larger objects have larger ones.
  static func redzone(_ objectSize: UInt64) -> UInt64 {
    switch objectSize {
    case ...48: 16
    case ...96: 32
    case ...448: 64
    case ...3968: 128
    case ...16128: 256
    case ...32256: 512
    case ...64512: 1024
    default: 2048
    }
  }

  /// Whether a freed object has room for its own free record.
  public static func recordsFreeInside(
    objectSize: UInt64, isTypesafe: Bool, isConstructed: Bool
  ) -> Bool {
    !isTypesafe && !isConstructed && objectSize >= FreeRecord.size
  }

  /// A new slab: no byte of it may be accessed (`kasan_poison_slab()`), and its objects have no
  /// history (`kasan_init_object_meta()`).
  public func slabMade(_ cache: CheckedCache, start: UInt64, bytes: UInt64) {
    shadow.poison(start, bytes, .slabRedzone)
    guard cache.recordOffset != 0 else { return }
    var object = start
    while object &+ cache.size <= start &+ bytes {
      setRecord(AllocationRecord(), of: object, cache)
      object &+= cache.size
    }
  }

  /// An object was given out; the caller asked for `size` bytes of it (`kasan_slab_alloc()`,
  /// `kasan_kmalloc()`).
  public mutating func allocated(
    _ cache: CheckedCache, _ object: UInt64, size: UInt64, mayBlock: Bool
  ) {
    if mayBlock { reduceQuarantine() }
    shadow.unpoison(object, cache.objectSize)
    shadow.poisonRedzone(object, size: size, capacity: cache.objectSize, .slabRedzone)
    saveAllocation(cache, object)
  }

  /// A buffer is to have another size where it is (`kasan_krealloc()`).
  public mutating func resized(_ cache: CheckedCache, _ object: UInt64, size: UInt64) {
    shadow.unpoison(object, size)
    shadow.poisonRedzone(object, size: size, capacity: cache.objectSize, .slabRedzone)
    saveAllocation(cache, object)
  }

  private mutating func saveAllocation(_ cache: CheckedCache, _ object: UInt64) {
    guard cache.recordOffset != 0 else { return }
    var record = record(of: object, cache)
    record.track = KASANTrack(task: environment.currentTask, stack: saveStack())
    setRecord(record, of: object, cache)
  }

  /// An object comes back (`____kasan_slab_free()`): true if its cache does not get it now, because
  /// the free was wrong and is reported, or because the quarantine keeps it.
  public mutating func freed(
    _ cache: CheckedCache, _ object: UInt64, in slab: CheckedObject?, from caller: UInt64
  ) -> Bool {
    if let slab, slab.nearest(to: object) != object {
      reportFree(object, .invalidFree, from: caller)
      return true
    }
    if cache.isTypesafe { return false }
    guard shadow.isAccessible(object) else {
      reportFree(object, .doubleFree, from: caller)
      return true
    }
    shadow.poison(object, cache.objectSize, .freeObject)
    guard cache.recordOffset != 0 else { return false }
    let track = KASANTrack(task: environment.currentTask, stack: saveStack())
    setFreeRecord(FreeRecord(track: track), of: object, cache)
    shadow.set(.freeObjectWithTrack, at: object)
    quarantine.put(link: object &+ cache.freeOffset, size: cache.size)
    return true
  }

  /// Empties the oldest batch if too many objects wait (`kasan_quarantine_reduce()`).
  public mutating func reduceQuarantine() {
    let queue = quarantine.reduce()
    if !queue.isEmpty { giveBack(queue) }
  }

  /// Gives back the freed objects of one cache, or of all, that still wait: before the cache goes or
  /// is shrunk (`kasan_quarantine_remove_cache()`).
  public mutating func emptyQuarantine(of cache: UInt? = nil) {
    let environment = environment
    let queue = quarantine.remove { link in
      guard let slab = environment.slab(of: link) else { return nil }
      return cache == nil || slab.cache.address == cache ? slab.cache.size : nil
    }
    giveBack(queue)
  }

  private func giveBack(_ queue: Quarantine.Queue) {
    Quarantine.forEach(queue) { link in
      guard let slab = environment.slab(of: link) else { return }
      let object = link &- slab.cache.freeOffset
      // Who freed it is overwritten by the allocator's link.
      shadow.set(.freeObject, at: object)
      unsafe environment.giveBack(environment.context, slab.cache.address, object)
    }
  }

  /// Keeps the stack of whoever puts off work on an object (`kasan_record_aux_stack()`).
  public mutating func recordAuxiliaryStack(_ address: UInt64) {
    guard let slab = environment.slab(of: address), slab.cache.recordOffset != 0 else { return }
    let object = slab.nearest(to: address)
    var record = record(of: object, slab.cache)
    record.auxiliary = (saveStack(), record.auxiliary.0)
    setRecord(record, of: object, slab.cache)
  }
}

// MARK: Records

extension KASAN {
  func record(of object: UInt64, _ cache: CheckedCache) -> AllocationRecord {
    // SAFETY: the record lies in the object's slab, aligned to 8, and is KASAN's alone.
    unsafe UnsafePointer<AllocationRecord>(bitPattern: UInt(object &+ cache.recordOffset))
      .unsafelyUnwrapped.pointee
  }

  func setRecord(_ record: AllocationRecord, of object: UInt64, _ cache: CheckedCache) {
    // SAFETY: as above.
    unsafe UnsafeMutablePointer<AllocationRecord>(bitPattern: UInt(object &+ cache.recordOffset))
      .unsafelyUnwrapped.pointee = record
  }

  func freeRecord(of object: UInt64, _ cache: CheckedCache) -> FreeRecord {
    // SAFETY: as above; the object is a freed one.
    unsafe UnsafePointer<FreeRecord>(bitPattern: UInt(object &+ cache.freeOffset))
      .unsafelyUnwrapped.pointee
  }

  private func setFreeRecord(_ record: FreeRecord, of object: UInt64, _ cache: CheckedCache) {
    // SAFETY: as above.
    unsafe UnsafeMutablePointer<FreeRecord>(bitPattern: UInt(object &+ cache.freeOffset))
      .unsafelyUnwrapped.pointee = record
  }
}

extension KASANEnvironment {
  /// The slab that an address lies in.
  func slab(of address: UInt64) -> CheckedObject? {
    // SAFETY: made of zeros, which are values of all its fields, and only read once it is filled.
    var result = unsafe CheckedObject(
      cache: CheckedCache(
        address: 0, name: UnsafeBufferPointer(start: nil, count: 0), objectSize: 0, size: 0,
        recordOffset: 0, recordsFreeInside: false, isTypesafe: false, isKmalloc: false),
      slabStart: 0, objects: 0)
    let found = unsafe object(context, address, &result)
    return found && result.objects > 0 && result.cache.size > 0 ? result : nil
  }

  /// The cache of a number that the allocator's hooks pass on.
  func cache(_ number: UInt) -> CheckedCache {
    // SAFETY: as above.
    var result = unsafe CheckedCache(
      address: number, name: UnsafeBufferPointer(start: nil, count: 0), objectSize: 0, size: 0,
      recordOffset: 0, recordsFreeInside: false, isTypesafe: false, isKmalloc: false)
    unsafe cacheFacts(context, number, &result)
    return result
  }
}
