public import Arm64
public import MemoryTypes
public import PageFrames

/// A typed handle of a slab cache: where objects of one type come from.
public struct ObjectCache<T: ~Copyable, B: Board>: BitwiseCopyable {
  /// Puts a value into a new object; nil, and the value gone, if there is no memory.
  public func allocate(_ value: consuming T, _ flags: GFP = .kernel) -> KernelPointer<T>? { nil }

  /// Ends an object's life and takes its memory back.
  public func free(_ object: KernelPointer<T>) {}
}
