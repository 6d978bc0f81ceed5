import Arm64
import MemoryTypes
import PageFrames

/// Which of the four sets of caches a buffer comes from (`enum kmalloc_cache_type`).
///
/// In the order in which Linux makes them: by size within a type, and devices' last.
public enum KmallocType: UInt8, CaseIterable, BitwiseCopyable, Sendable {
  case normal, controlGroup, reclaimable, dma

  /// The flags that ask for another than ``normal``.
  static var special: GFP { [.dma, .reclaimable, .account] }

  /// As `kmalloc_type()`: the zone comes before the kind of use.
  init(_ flags: GFP) {
    if flags.contains(.dma) {
      self = .dma
    } else if flags.contains(.reclaimable) {
      self = .reclaimable
    } else {
      self = flags.contains(.account) ? .controlGroup : .normal
    }
  }

  /// Where the type's caches begin.
  var firstClass: Int { Int(rawValue) &* 12 }

  var options: SlabOptions {
    switch self {
    case .normal: [.alone]
    case .controlGroup: [.account, .alone]
    case .reclaimable: [.reclaimable, .alone]
    case .dma: [.dma, .alone]
    }
  }
}

extension SlabAllocator {
  /// The class of the least power of two that holds so many bytes; the last one has no cache.
  @inline(__always)
  static func classIndex(_ size: ByteCount) -> Int {
    guard size.rawValue > 128 else { return 0 }
    return min(64 &- (size.rawValue &- 1).leadingZeroBitCount &- 7, 11)
  }

  /// Makes kmalloc's caches (`create_kmalloc_caches()`).
  mutating func makeClasses() -> Bool {
    let largest = frames.pointee.board.pageSize.bytes.rawValue &* 2
    for type in 0..<UInt8(4) {
      guard let type = KmallocType(rawValue: type) else { continue }
      for index in 0..<11 {
        let size = UInt64(128) &<< UInt64(index)
        guard size <= largest else { break }
        let description = unsafe SlabDescription(
          name: SlabName(Self.className(type, index)), size: ByteCount(size), alignment: size,
          options: type.options, userSize: UInt32(size))
        guard let cache = build(description) else { return false }
        classes[type.firstClass &+ index] = cache
        guard type == .normal else { continue }
        normalClasses[57 &- index] = cache
        // Sizes from 1 to 128 have 57 to 64 leading zeros less 1.
        for zeros in 58..<65 where index == 0 { normalClasses[zeros] = cache }
      }
    }
    return true
  }

  static func className(_ type: KmallocType, _ index: Int) -> StaticString {
    switch type {
    case .normal: normalName(index)
    case .controlGroup: controlGroupName(index)
    case .reclaimable: reclaimableName(index)
    case .dma: dmaName(index)
    }
  }

  private static func normalName(_ index: Int) -> StaticString {
    switch index {
    case 0: "kmalloc-128"
    case 1: "kmalloc-256"
    case 2: "kmalloc-512"
    case 3: "kmalloc-1k"
    case 4: "kmalloc-2k"
    case 5: "kmalloc-4k"
    case 6: "kmalloc-8k"
    case 7: "kmalloc-16k"
    case 8: "kmalloc-32k"
    case 9: "kmalloc-64k"
    default: "kmalloc-128k"
    }
  }

  private static func controlGroupName(_ index: Int) -> StaticString {
    switch index {
    case 0: "kmalloc-cg-128"
    case 1: "kmalloc-cg-256"
    case 2: "kmalloc-cg-512"
    case 3: "kmalloc-cg-1k"
    case 4: "kmalloc-cg-2k"
    case 5: "kmalloc-cg-4k"
    case 6: "kmalloc-cg-8k"
    case 7: "kmalloc-cg-16k"
    case 8: "kmalloc-cg-32k"
    case 9: "kmalloc-cg-64k"
    default: "kmalloc-cg-128k"
    }
  }

  private static func reclaimableName(_ index: Int) -> StaticString {
    switch index {
    case 0: "kmalloc-rcl-128"
    case 1: "kmalloc-rcl-256"
    case 2: "kmalloc-rcl-512"
    case 3: "kmalloc-rcl-1k"
    case 4: "kmalloc-rcl-2k"
    case 5: "kmalloc-rcl-4k"
    case 6: "kmalloc-rcl-8k"
    case 7: "kmalloc-rcl-16k"
    case 8: "kmalloc-rcl-32k"
    case 9: "kmalloc-rcl-64k"
    default: "kmalloc-rcl-128k"
    }
  }

  private static func dmaName(_ index: Int) -> StaticString {
    switch index {
    case 0: "dma-kmalloc-128"
    case 1: "dma-kmalloc-256"
    case 2: "dma-kmalloc-512"
    case 3: "dma-kmalloc-1k"
    case 4: "dma-kmalloc-2k"
    case 5: "dma-kmalloc-4k"
    case 6: "dma-kmalloc-8k"
    case 7: "dma-kmalloc-16k"
    case 8: "dma-kmalloc-32k"
    case 9: "dma-kmalloc-64k"
    default: "dma-kmalloc-128k"
    }
  }
}

extension SlabAllocator {
  /// Where objects of a type come from that Linux takes from kmalloc: the class that holds one.
  ///
  /// A cache of that name for those that no class holds; nil if there is no memory for it.
  public mutating func kmallocCache<T: ~Copyable>(
    of type: T.Type, _ kind: KmallocType = .normal, name: StaticString
  ) -> ObjectCache<T, B>? {
    let size = ByteCount(UInt64(MemoryLayout<T>.size))
    if let cache = classes[kind.firstClass &+ Self.classIndex(size)] {
      return ObjectCache(cache: cache)
    }
    return makeCache(of: type, name: name, options: [.alone])
  }
}
