/// Why memory may not be accessed: the shadow bytes of generic KASAN (mm/kasan/kasan.h), which the
/// compiler shares in part.
public struct ShadowValue: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// KASAN_PAGE_FREE: a freed page.
  @inlinable public static var freePage: Self { Self(rawValue: 0xff) }
  /// KASAN_PAGE_REDZONE: behind a buffer that is a block of frames.
  @inlinable public static var pageRedzone: Self { Self(rawValue: 0xfe) }
  /// KASAN_SLAB_REDZONE: between the objects of a slab.
  @inlinable public static var slabRedzone: Self { Self(rawValue: 0xfc) }
  /// KASAN_SLAB_FREE: a freed object.
  @inlinable public static var freeObject: Self { Self(rawValue: 0xfb) }
  /// KASAN_SLAB_FREETRACK: the first granule of one that knows who freed it.
  @inlinable public static var freeObjectWithTrack: Self { Self(rawValue: 0xfa) }
  /// KASAN_GLOBAL_REDZONE: behind a global variable.
  @inlinable public static var globalRedzone: Self { Self(rawValue: 0xf9) }
  /// KASAN_VMALLOC_INVALID: in the vmalloc region, but not mapped.
  @inlinable public static var vmallocInvalid: Self { Self(rawValue: 0xf8) }
  /// KASAN_STACK_LEFT, MID, RIGHT and PARTIAL: around the objects of a stack frame.
  @inlinable public static var stackLeft: Self { Self(rawValue: 0xf1) }
  @inlinable public static var stackMiddle: Self { Self(rawValue: 0xf2) }
  @inlinable public static var stackRight: Self { Self(rawValue: 0xf3) }
  @inlinable public static var stackPartial: Self { Self(rawValue: 0xf4) }
  /// KASAN_ALLOCA_LEFT and RIGHT: around what alloca() made.
  @inlinable public static var allocaLeft: Self { Self(rawValue: 0xca) }
  @inlinable public static var allocaRight: Self { Self(rawValue: 0xcb) }
}

/// What a bad access is called.
public enum BugType: UInt8, BitwiseCopyable, Hashable, Sendable {
  case outOfBounds, slabOutOfBounds, globalOutOfBounds, stackOutOfBounds, allocaOutOfBounds
  case vmallocOutOfBounds, useAfterFree, invalidFree, doubleFree
  case nullPointer, userMemory, wildMemory, unknown

  /// Linux's name.
  public var name: StaticString {
    switch self {
    case .outOfBounds: "out-of-bounds"
    case .slabOutOfBounds: "slab-out-of-bounds"
    case .globalOutOfBounds: "global-out-of-bounds"
    case .stackOutOfBounds: "stack-out-of-bounds"
    case .allocaOutOfBounds: "alloca-out-of-bounds"
    case .vmallocOutOfBounds: "vmalloc-out-of-bounds"
    case .useAfterFree: "use-after-free"
    case .invalidFree: "invalid-free"
    case .doubleFree: "double-free"
    case .nullPointer: "null-ptr-deref"
    case .userMemory: "user-memory-access"
    case .wildMemory: "wild-memory-access"
    case .unknown: "unknown-crash"
    }
  }

  /// What a shadow byte says of the access that met it (`get_shadow_bug_type()`).
  init(shadow value: ShadowValue) {
    switch value {
    case .pageRedzone, .slabRedzone: self = .slabOutOfBounds
    case .globalRedzone: self = .globalOutOfBounds
    case .stackLeft, .stackMiddle, .stackRight, .stackPartial: self = .stackOutOfBounds
    case .freePage, .freeObject, .freeObjectWithTrack: self = .useAfterFree
    case .allocaLeft, .allocaRight: self = .allocaOutOfBounds
    case .vmallocInvalid: self = .vmallocOutOfBounds
    default: self = value.rawValue < 8 ? .outOfBounds : .unknown
    }
  }
}

extension ShadowMap {
  /// What a bad access is (`get_bug_type()`, `get_wild_bug_type()`).
  public func classify(
    _ address: UInt64, _ size: UInt64, pageSize: UInt64, taskSize: UInt64
  ) -> BugType {
    // A size below zero, seen as one without a sign.
    if address &+ size < address { return .outOfBounds }
    guard covers(address) else {
      return address < pageSize ? .nullPointer : address < taskSize ? .userMemory : .wildMemory
    }
    let bad = firstBad(address, size)
    var value = value(at: bad)
    // Behind a granule that is accessible in part the reason is in the next one.
    if value > 0 && value < UInt8(Self.granule) { value = self.value(at: bad &+ Self.granule) }
    return BugType(shadow: ShadowValue(rawValue: value))
  }
}
