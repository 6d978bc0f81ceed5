import Arm64
public import MemoryTypes
public import PageFrames

/// Byte buffers, as mm/slab_common.c has them: a cache for each power of two from 128 bytes, which
/// is what arm64 Linux 6.1 aligns DMA buffers to, up to two pages; larger ones are blocks of
/// frames. The caches are there four times, for devices, for what can be reclaimed, for what is
/// charged to a control group, and for everything else (``KmallocType``).
///
/// A block of frames given out as a buffer is marked in its first frame (``largeMark``).
extension SlabAllocator {
  /// The address of a buffer of no bytes (ZERO_SIZE_PTR).
  static var zeroSize: UInt { 16 }
  /// What `mapping` says in the first frame of a large buffer.
  static var largeMark: UInt64 { 2 }

  /// Allocates a byte buffer; with ``GFP/zero`` its bytes are 0.
  ///
  /// A buffer of no bytes is an address that only ``kfree(_:on:)`` and its like know.
  @inline(__always)
  public func kmalloc(
    _ size: ByteCount, _ flags: GFP = .kernel, on processor: Int = 0
  ) -> UnsafeMutableRawPointer? {
    let type = flags.isDisjoint(with: KmallocType.special) ? 0 : KmallocType(flags).firstClass
    // SAFETY: a type's first class and the class of a size, 11 at most, are below 48.
    guard let cache = unsafe classes[unchecked: type &+ Self.classIndex(size)] else {
      return unsafe kmallocLarge(size, flags)
    }
    if size == .zero { return unsafe UnsafeMutableRawPointer(bitPattern: Self.zeroSize) }
    guard
      let buffer = unsafe cache.takeObject(
        flags, size: Int(truncatingIfNeeded: size.rawValue), on: processor)
    else { return nil }
    if flags.contains(.zero) {
      // SAFETY: the buffer is as large.
      unsafe buffer.initializeMemory(
        as: UInt8.self, repeating: 0, count: Int(cache.pointee.objectSize.rawValue))
    }
    return unsafe buffer
  }

  /// As ``kmalloc(_:_:on:)``, all bytes 0.
  @inline(__always)
  public func kzalloc(
    _ size: ByteCount, _ flags: GFP = .kernel
  ) -> UnsafeMutableRawPointer? {
    unsafe kmalloc(size, flags.union(.zero))
  }

  /// Takes back a buffer, or an object of any cache (`kfree()`).
  ///
  /// Nothing for nil. False, and nothing done, if no buffer is at the address, which must be one
  /// of RAM in the linear map.
  @inline(__always) @discardableResult
  public func kfree(_ buffer: UnsafeMutableRawPointer?, on processor: Int = 0) -> Bool {
    guard let buffer = unsafe buffer, UInt(bitPattern: buffer) > Self.zeroSize else { return true }
    let board = frames.pointee.board
    let number = PageFrameNumber(
      containing: unsafe board.physicalAddress(of: buffer), board.pageSize)
    let head = Slab.head(of: frames.pointee.frame(number))
    guard head.pointee.state == .slab,
      // SAFETY: a slab's first frame holds its cache's address.
      let cache = unsafe UnsafeMutablePointer<SlabCache<B>>(
        bitPattern: UInt(head.pointee.mapping))
    else { return unsafe freeLarge(buffer, number) }
    unsafe KernelPointer(cache).giveObject(buffer, on: processor)
    return true
  }

  /// How many bytes a buffer has room for (`ksize()`, `__ksize()`); 0 for none.
  public func ksize(_ buffer: UnsafeRawPointer?) -> ByteCount {
    guard let buffer = unsafe buffer, UInt(bitPattern: buffer) > Self.zeroSize else { return .zero }
    if let hooks = unsafe hooks {
      let address = unsafe UnsafeMutableRawPointer(mutating: buffer)
      if unsafe !hooks.pointee.isAlive(hooks.pointee.context, address) { return .zero }
    }
    return unsafe roomOf(buffer)
  }

  private func roomOf(_ buffer: UnsafeRawPointer) -> ByteCount {
    if let (cache, _) = unsafe slab(at: buffer) {
      // As slab_ksize(): what lies behind the object is usable where nothing is kept there.
      let options = cache.pointee.options
      if options.contains(.checked) { return cache.pointee.objectSize }
      return unsafe cache.pointee.constructor != nil || !options.isDisjoint(with: [.typesafeByRCU])
        ? ByteCount(cache.pointee.objectSize.rawValue.rounded(up: 8))
        : cache.pointee.geometry.size
    }
    let board = frames.pointee.board
    let number = PageFrameNumber(
      containing: unsafe board.physicalAddress(of: buffer), board.pageSize)
    let frame = frames.pointee.frame(number)
    guard isLarge(frame) else { return .zero }
    return Order(UInt64(frame.pointee.blockOrder)).pages.bytes(of: board.pageSize)
  }

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
    let room = unsafe ksize(buffer)
    // Without room no buffer is there, or the checker has reported it.
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
