import Arm64
public import MemoryTypes
public import PageFrames

extension SlabAllocator {
  /// Makes a buffer larger or smaller, in place where it has the room (`krealloc()`).
  ///
  /// Nil, and the buffer as it was, if there is no memory; size 0 frees.
  public func krealloc(
    _ buffer: UnsafeMutableRawPointer?, _ size: ByteCount, _ flags: GFP = .kernel
  ) -> UnsafeMutableRawPointer? {
    if size == .zero {
      unsafe kfree(buffer)
      return unsafe UnsafeMutableRawPointer(bitPattern: Self.zeroSize)
    }
    guard let buffer = unsafe buffer, UInt(bitPattern: buffer) > Self.zeroSize else {
      return unsafe kmalloc(size, flags)
    }
    guard unsafe isAlive(buffer) else { return nil }
    let room = unsafe roomOf(buffer)
    // Without room no buffer is there.
    guard room > .zero else { return nil }
    if room >= size {
      if let hooks = unsafe hooks {
        let cache = unsafe slab(at: buffer)?.cache.address ?? 0
        unsafe hooks.pointee.resized(
          hooks.pointee.context, cache, buffer, Int(size.rawValue), flags.rawValue)
      }
      return unsafe buffer
    }
    guard let new = unsafe kmalloc(size, flags) else { return nil }
    // SAFETY: the old buffer has so many bytes, and the new one more.
    unsafe new.copyMemory(from: buffer, byteCount: Int(room.rawValue))
    unsafe kfree(buffer)
    return unsafe new
  }
}
