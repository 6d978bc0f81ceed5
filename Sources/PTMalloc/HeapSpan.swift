/// A few bytes of a program's memory where this process has them.
///
/// What the fast paths and the searches of bins work on: one question whether a chunk's fields are
/// memory, not one a field.
@safe public struct HeapSpan {
  // SAFETY: whoever makes one promises so many bytes as were asked for; offsets are constants or
  // indices that are compared first, and no span outlives the call it was made in.
  @usableFromInline let base: UnsafeMutableRawPointer

  @inlinable @inline(__always) public init(_ base: UnsafeMutableRawPointer) {
    unsafe self.base = unsafe base
  }

  @inlinable @inline(__always)
  func word(_ offset: UInt64) -> UInt64 {
    unsafe base.loadUnaligned(fromByteOffset: Int(truncatingIfNeeded: offset), as: UInt64.self)
  }
  @inlinable @inline(__always)
  func short(_ offset: UInt64) -> UInt16 {
    unsafe base.loadUnaligned(fromByteOffset: Int(truncatingIfNeeded: offset), as: UInt16.self)
  }
  @inlinable @inline(__always)
  func setWord(_ offset: UInt64, _ value: UInt64) {
    unsafe base.storeBytes(
      of: value, toByteOffset: Int(truncatingIfNeeded: offset), as: UInt64.self)
  }
  @inlinable @inline(__always)
  func setShort(_ offset: UInt64, _ value: UInt16) {
    unsafe base.storeBytes(
      of: value, toByteOffset: Int(truncatingIfNeeded: offset), as: UInt16.self)
  }
}
