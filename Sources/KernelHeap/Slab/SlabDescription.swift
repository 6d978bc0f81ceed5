public import MemoryTypes

/// Makes a new object's bytes what they are between two lives (`ctor`).
public typealias SlabConstructor = @convention(c) (UnsafeMutableRawPointer) -> Void

/// What is asked of a new cache: `kmem_cache_create_usercopy()`'s arguments.
@safe public struct SlabDescription {
  public var name: SlabName
  /// What an object takes, and what the kernel's own type takes of that.
  public var objectSize: ByteCount
  public var ownSize: ByteCount
  public var alignment: UInt64
  public var options: SlabOptions
  /// The part of an object that may be copied from and to user space.
  public var userOffset: UInt32 = 0
  public var userSize: UInt32 = 0
  public var constructor: SlabConstructor?

  public init(
    name: SlabName, size: ByteCount, alignment: UInt64 = 0, options: SlabOptions = [],
    userOffset: UInt32 = 0, userSize: UInt32 = 0, constructor: SlabConstructor? = nil
  ) {
    self.name = name
    objectSize = size
    ownSize = size
    self.alignment = alignment
    self.options = options
    unsafe self.constructor = unsafe constructor
    // Bad user regions are none, as on Linux.
    let size = UInt64(size.rawValue)
    let isGood = UInt64(userSize) <= size && UInt64(userOffset) <= size &- UInt64(userSize)
    self.userSize = isGood ? userSize : 0
    self.userOffset = isGood && userSize > 0 ? userOffset : 0
  }

  /// Whether the link of the free list may not lie in a free object (`calculate_sizes()`).
  var linkIsOutside: Bool {
    unsafe constructor != nil || options.contains(.typesafeByRCU) || options.contains(.constructed)
  }

  /// Where the link is: in the middle of the object, far from writes past an end, or behind it.
  var linkOffset: UInt64 {
    linkIsOutside ? objectSize.rawValue.rounded(up: 8) : objectSize.rawValue / 2 & ~7
  }

  /// The bytes of an object with its link, not yet aligned.
  var bytes: UInt64 { objectSize.rawValue.rounded(up: 8) &+ (linkIsOutside ? 8 : 0) }

  /// The alignment of the objects (`calculate_alignment()`): where they are to begin on cache lines
  /// small ones share a line, but none lies in two.
  var fullAlignment: UInt64 {
    var alignment = alignment
    if options.contains(.cacheAligned) {
      alignment = max(alignment, SlabGeometry.cacheAlignment(objectSize))
    }
    return max(alignment, 8).rounded(up: 8)
  }

  var isUnmergeable: Bool {
    unsafe constructor != nil || userSize > 0 || !options.isDisjoint(with: .neverMerge)
  }
}

extension UInt64 {
  /// The next multiple of a power of two.
  func rounded(up power: UInt64) -> UInt64 { (self &+ power &- 1) & ~(power &- 1) }
}
