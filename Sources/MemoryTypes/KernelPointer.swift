/// A typed pointer to an object that lives in the kernel's RAM.
///
/// The kernel has no heap but its own: objects come from slab caches and frames, and stay where
/// they are until they are given back. Such a pointer is as wide as an address, nil has no cost,
/// and `pointee` is the object in place.
///
/// `@safe`, because making one is where the promise is given: whoever calls `init(_:)` states that
/// the object is initialised and outlives the pointer.
@safe
public struct KernelPointer<Pointee: ~Copyable>: BitwiseCopyable, Hashable {
  @usableFromInline let base: UnsafeMutablePointer<Pointee>

  /// Wraps the address of an initialised object.
  ///
  /// Unsafe: the object must stay initialised, and of this type, as long as the pointer is used.
  @unsafe @inlinable public init(_ base: UnsafeMutablePointer<Pointee>) {
    unsafe self.base = base
  }

  /// The object in place.
  public var pointee: Pointee {
    // SAFETY: `init(_:)` was promised an initialised object that outlives the pointer.
    @_transparent unsafeAddress { unsafe UnsafePointer(base) }
    @_transparent nonmutating unsafeMutableAddress { unsafe base }
  }

  /// The address as a number: for tables of registers, logs and hashes.
  @inlinable public var address: UInt { unsafe UInt(bitPattern: raw) }

  /// The address itself, for whoever owns the memory under the object.
  @unsafe @inlinable public var raw: UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(base)
  }

  @inlinable public static func == (a: Self, b: Self) -> Bool { unsafe a.base == b.base }

  @inlinable public func hash(into hasher: inout Hasher) { hasher.combine(address) }
}
