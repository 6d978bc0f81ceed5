import Arm64
import MemoryTypes
import PageFrames

/// The bytes of objects, which may lie in two frames.
extension ObjectPool {
  /// Where an object's byte is, and how many follow it in the same frame.
  @inline(__always)
  private func place(_ object: ZSObject, _ own: KernelPointer<SizeClass>, _ offset: Int)
    -> (start: UnsafeMutableRawPointer, room: Int)
  {
    let byte = Int(object.index) &* own.pointee.size &+ offset
    let shift = Int(truncatingIfNeeded: board.pageSize.shift)
    let inFrame = byte & (1 &<< shift &- 1)
    let number = PageFrameNumber(UInt64(object.page.pointee.frames[byte &>> shift]))
    // SAFETY: a frame of the pool's.
    let start = unsafe board.pointer(to: number.address(board.pageSize)) + inFrame
    return unsafe (start, 1 &<< shift &- inFrame)
  }

  /// The word in front of an object, of a free huge one its first; it never lies in two frames.
  @inline(__always)
  func word(of object: ZSObject, _ own: KernelPointer<SizeClass>) -> UInt64 {
    unsafe place(object, own, 0).start.load(as: UInt64.self)
  }

  @inline(__always)
  func setWord(of object: ZSObject, _ own: KernelPointer<SizeClass>, _ word: UInt64) {
    let place = unsafe place(object, own, 0).start
    unsafe place.assumingMemoryBound(to: UInt64.self).pointee = word
  }

  /// Fills an object.
  ///
  /// Unsafe: `source` must have `count` readable bytes, and the object room for them.
  @unsafe @inline(__always)
  func store(_ source: UnsafeRawPointer, _ count: Int, in object: ZSObject) {
    let own = sizeClass(Int(object.page.pointee.sizeClass))
    let offset = own.pointee.isHuge ? 0 : Self.header
    let (start, room) = unsafe place(object, own, offset)
    if count <= room {
      unsafe start.copyMemory(from: source, byteCount: count)
    } else {
      unsafe start.copyMemory(from: source, byteCount: room)
      let (rest, _) = unsafe place(object, own, offset &+ room)
      unsafe rest.copyMemory(from: source + room, byteCount: count &- room)
    }
  }

  /// An object's bytes: where they are, or in `buffer` if they lie in two frames
  /// (`zs_map_object()`).
  ///
  /// Unsafe: `buffer` must have room for `count` bytes; the bytes stay the object's.
  @unsafe @inline(__always)
  func bytes(
    of object: ZSObject, _ count: Int, buffer: UnsafeMutableRawPointer
  ) -> UnsafeRawPointer {
    let own = sizeClass(Int(object.page.pointee.sizeClass))
    let offset = own.pointee.isHuge ? 0 : Self.header
    let (start, room) = unsafe place(object, own, offset)
    if count <= room { return UnsafeRawPointer(start) }
    unsafe buffer.copyMemory(from: start, byteCount: room)
    let (rest, _) = unsafe place(object, own, offset &+ room)
    unsafe (buffer + room).copyMemory(from: rest, byteCount: count &- room)
    return UnsafeRawPointer(buffer)
  }

  /// The most bytes that an object of a class has room for.
  func capacity(_ own: KernelPointer<SizeClass>) -> Int {
    own.pointee.isHuge ? own.pointee.size : own.pointee.size &- Self.header
  }
}
