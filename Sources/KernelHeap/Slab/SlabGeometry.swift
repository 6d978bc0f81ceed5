public import MemoryTypes
import PageFrames

/// How objects of a size lie in slabs: mm/slub.c:calculate_order() and its helpers.
///
/// A slab is a block of frames cut into objects. It is as large as needed so that enough objects
/// fit and little is left over, but no larger than order 3 unless one object asks for more.
public struct SlabGeometry: BitwiseCopyable, Hashable, Sendable {
  /// The distance between objects.
  public let size: ByteCount
  public let order: Order
  /// The least order that holds an object, for when memory is short.
  public let leastOrder: Order
  public let objects: Int
  /// Empty slabs are given back when so many are on the list of partial ones
  /// (`kmem_cache.min_partial`).
  public internal(set) var minPartial: Int
  /// Objects that a processor may keep in partial slabs (`cpu_partial`), and, those taken to be half
  /// full, the slabs (`cpu_partial_slabs`).
  public private(set) var perCPUObjects: Int
  public private(set) var perCPUPartial: Int

  /// The geometry for objects of a size, aligned; nil where no slab holds one.
  public init?(objectSize: ByteCount, alignment: UInt64, pageSize: PageSize, cpus: Int) {
    let mask = Swift.max(alignment, 8) &- 1
    let size = (Swift.max(objectSize.rawValue, 8) &+ mask) & ~mask
    let page = pageSize.bytes.rawValue
    let maxOrder: UInt64 = 3
    guard size <= page &<< 10 else { return nil }

    func orderHolding(_ bytes: UInt64) -> UInt64 {
      Order(holding: ByteCount(bytes).pagesNeeded(of: pageSize)).rawValue
    }
    /// The least order that holds so many with no more than a fraction left over.
    func order(atLeast objects: UInt64, wasting fraction: UInt64) -> UInt64 {
      var order = orderHolding(objects &* size)
      while order <= maxOrder && (page &<< order) % size > (page &<< order) / fraction {
        order &+= 1
      }
      return order
    }

    // As many as 4 × (log2 of the processors + 2), then fewer; wasting a 16th, then more.
    let processors = UInt64(64 &- UInt64(cpus).leadingZeroBitCount)
    var least = Swift.min(4 &* (processors &+ 1), (page &<< maxOrder) / size)
    var found: UInt64?
    while least > 1 && found == nil {
      var fraction: UInt64 = 16
      while fraction >= 4 && found == nil {
        let order = order(atLeast: least, wasting: fraction)
        if order <= maxOrder { found = order }
        fraction /= 2
      }
      least &-= 1
    }
    let order = found ?? orderHolding(size)
    self.size = ByteCount(size)
    self.order = Order(order)
    leastOrder = Order(orderHolding(size))
    objects = Int((page &<< order) / size)
    let log = 63 &- size.leadingZeroBitCount
    minPartial = Swift.min(Swift.max(log / 2, 5), 10)
    // As set_cpu_partial().
    perCPUObjects = size >= page ? 6 : size >= 1024 ? 24 : size >= 256 ? 52 : 120
    perCPUPartial = (perCPUObjects &* 2 &+ objects &- 1) / objects
  }

  /// As `slub_set_cpu_partial()`.
  mutating func setPerCPUObjects(_ count: Int) {
    perCPUObjects = count
    perCPUPartial = (count &* 2 &+ objects &- 1) / objects
  }

  /// The objects in a slab of an order.
  func objects(in order: Order, _ pageSize: PageSize) -> Int {
    Int(order.pages.bytes(of: pageSize).rawValue / size.rawValue)
  }

  /// The alignment of a cache whose objects should begin on cache lines
  /// (`calculate_alignment()`): small ones share a line, but none lies in two.
  static func cacheAlignment(_ objectSize: ByteCount) -> UInt64 {
    var alignment: UInt64 = 64
    while objectSize.rawValue <= alignment / 2 && alignment > 8 { alignment /= 2 }
    return alignment
  }
}
