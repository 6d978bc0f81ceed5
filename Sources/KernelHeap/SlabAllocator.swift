public import Arm64
public import MemoryTypes
public import PageFrames

/// The kernel's heap: slab caches for its objects, size classes for byte buffers.
public struct SlabAllocator<B: Board>: ~Copyable {
  public let frames: KernelPointer<FrameAllocator<B>>

  /// Starts the heap in memory of its own.
  public static func start(frames: KernelPointer<FrameAllocator<B>>) -> KernelPointer<Self>? { nil }

  /// Makes a cache of objects of one type. Nil if there is no memory.
  ///
  /// Objects are as large as the larger of the type and what Linux uses for the same thing, so
  /// that slabs, slabinfo and meminfo compare.
  public mutating func makeCache<T: ~Copyable>(
    of type: T.Type, name: StaticString, linuxSize: ByteCount = .zero,
    options: SlabOptions = []
  ) -> ObjectCache<T, B>? { nil }

  /// Allocates a byte buffer, as `kmalloc()`. Its contents are whatever was there.
  public mutating func allocateBytes(
    _ size: ByteCount, _ flags: GFP = .kernel
  ) -> UnsafeMutableRawPointer? { nil }

  /// Gives back a byte buffer with the size that it was asked for.
  public mutating func freeBytes(_ buffer: UnsafeMutableRawPointer, _ size: ByteCount) {}

  /// Visits each cache's figures, newest first as `/proc/slabinfo` lists them.
  public func forEachCache(_ body: (SlabFigures) -> Void) {}

  /// Traps if slabs, lists and counters do not agree.
  public func checkInvariants() {}
}
