public import MemoryTypes

/// What `/proc/slabinfo` and `/sys/kernel/slab` say of a cache.
@safe public struct SlabFigures {
  public var name: SlabName
  /// Which of all caches ever made it is, in eleven bits.
  public var number: UInt16
  public var options: SlabOptions
  public var activeObjects: Int
  public var objects: Int
  /// The distance between objects, what an object takes of that, and what our own type takes.
  public var size: ByteCount
  public var objectSize: ByteCount
  public var ownSize: ByteCount
  public var alignment: Int
  public var objectsPerSlab: Int
  public var pagesPerSlab: Int
  public var slabs: Int
  /// The frames of all slabs, also of those made of less when memory was short.
  public var frames: Int
  /// Slabs in the node's list, and objects that live in them.
  public var partialSlabs: Int
  public var partialObjects: Int
  /// Slabs that the processors have as their own, and that they keep besides.
  public var ownSlabs: Int
  public var keptSlabs: Int
  public var minPartial: Int
  /// Objects that a processor may keep in partial slabs (`cpu_partial`).
  public var perCPUObjects: Int
  public var userSize: Int
  /// How many more names the cache has.
  public var aliases: Int
  public var constructor: SlabConstructor?
  /// Whether no other cache can share it.
  public var isUnmergeable: Bool
}
