public import Arm64
public import MemoryTypes

extension SlabHooks {
  /// The hooks that tell a sanitizer of every object.
  public static func sanitizer(_ kasan: KernelPointer<KASAN>) -> SlabHooks {
    // SAFETY: the context is the sanitizer, which stays.
    unsafe SlabHooks(
      context: kasan.raw,
      extraBytes: { _, objectSize, options in KASAN.extraBytes(objectSize, options) },
      slabMade: { context, cache, start, bytes in
        let kasan = unsafe KASAN.at(context)
        kasan.pointee.slabMade(
          kasan.pointee.environment.cache(cache), start: unsafe start.word, bytes: UInt64(bytes))
      },
      allocated: { context, cache, object, size, flags in
        let kasan = unsafe KASAN.at(context)
        kasan.pointee.allocated(
          kasan.pointee.environment.cache(cache), unsafe object.word, size: UInt64(size),
          mayBlock: flags & KASAN.directReclaim != 0)
      },
      freed: { context, cache, object in
        let kasan = unsafe KASAN.at(context)
        let environment = kasan.pointee.environment
        return kasan.pointee.freed(
          environment.cache(cache), unsafe object.word,
          in: environment.slab(of: unsafe object.word), from: 0)
      },
      resized: { context, cache, object, size, flags in
        let kasan = unsafe KASAN.at(context)
        if cache != 0 {
          kasan.pointee.resized(
            kasan.pointee.environment.cache(cache), unsafe object.word, size: UInt64(size))
        } else {
          let block = kasan.pointee.environment.block(of: unsafe object.word)
          kasan.pointee.largeAllocated(
            unsafe object.word, bytes: block.upperBound &- block.lowerBound, size: UInt64(size),
            mayBlock: flags & KASAN.directReclaim != 0)
        }
      },
      largeAllocated: { context, start, bytes, size, flags in
        let kasan = unsafe KASAN.at(context)
        kasan.pointee.largeAllocated(
          unsafe start.word, bytes: UInt64(bytes), size: UInt64(size),
          mayBlock: flags & KASAN.directReclaim != 0)
      },
      largeFreed: { context, buffer in
        let kasan = unsafe KASAN.at(context)
        let environment = kasan.pointee.environment
        return kasan.pointee.largeFreed(
          unsafe buffer.word, blockStart: environment.block(of: unsafe buffer.word).lowerBound,
          from: 0)
      },
      isAlive: { context, buffer in
        let kasan = unsafe KASAN.at(context)
        return kasan.pointee.isAlive(
          unsafe buffer.word, from: 0)
      },
      opened: { context, buffer, size in
        unsafe KASAN.at(context).pointee.shadow.unpoison(buffer.word, UInt64(size))
      },
      ending: { context, cache in
        unsafe KASAN.at(context).pointee.emptyQuarantine(of: cache)
      })
  }
}

extension UnsafeMutableRawPointer {
  fileprivate var word: UInt64 { UInt64(UInt(bitPattern: self)) }
}

extension KASAN {
  /// The bit of ``GFP`` that says that the caller may wait.
  fileprivate static var directReclaim: UInt32 { 0x400 }

  fileprivate static func at(_ context: UnsafeMutableRawPointer?) -> KernelPointer<KASAN> {
    // SAFETY: the hooks' context is the sanitizer.
    unsafe KernelPointer(context.unsafelyUnwrapped.assumingMemoryBound(to: KASAN.self))
  }

  fileprivate static func extraBytes(_ objectSize: Int, _ options: UInt32) -> Int {
    let options = SlabOptions(rawValue: options)
    let isOutside =
      options.contains(.typesafeByRCU) || options.contains(.constructed)
    let object = UInt64(objectSize)
    let bytes = (object &+ 7) & ~7 &+ (isOutside ? 8 : 0)
    let inside = recordsFreeInside(
      objectSize: object, isTypesafe: options.contains(.typesafeByRCU),
      isConstructed: options.contains(.constructed))
    return Int(extraBytes(objectSize: object, size: bytes, recordsFreeInside: inside))
  }
}

extension CheckedCache {
  /// A cache as KASAN sees it.
  public init<B: Board>(_ cache: KernelPointer<SlabCache<B>>) {
    let options = cache.pointee.options
    let size = cache.pointee.objectSize.rawValue
    let name = unsafe cache.pointee.name.bytes
    unsafe self.init(
      address: cache.address, name: name.assumingMemoryBound(to: UInt8.self), objectSize: size,
      size: cache.pointee.geometry.size.rawValue,
      recordOffset: UInt64(cache.pointee.metadataOffset),
      recordsFreeInside: KASAN.recordsFreeInside(
        objectSize: size, isTypesafe: options.contains(.typesafeByRCU),
        isConstructed: options.contains(.constructed)),
      isTypesafe: options.contains(.typesafeByRCU), isKmalloc: false)
  }
}

extension SlabAllocator {
  /// The slab that an address of RAM lies in, as KASAN sees it; nil if it is none's.
  public func checkedObject(at address: UnsafeRawPointer) -> CheckedObject? {
    guard let (cache, slab) = unsafe slab(at: address) else { return nil }
    return CheckedObject(
      cache: CheckedCache(cache),
      slabStart: unsafe UInt64(UInt(bitPattern: cache.pointee.start(of: slab))),
      objects: UInt64(cache.pointee.objects(in: slab)))
  }

  /// Gives an object back that the quarantine kept.
  public func giveBack(_ object: UnsafeMutableRawPointer, to cache: UInt) {
    // SAFETY: the number is the address of a cache that the hooks were told of, and still lives: what
    // waits of it is given back before it goes.
    guard let place = unsafe UnsafeMutablePointer<SlabCache<B>>(bitPattern: cache) else { return }
    unsafe freeUnchecked(object, to: KernelPointer(place))
  }
}
