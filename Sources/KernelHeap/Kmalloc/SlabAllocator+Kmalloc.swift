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
    let zeros = (size.rawValue &- 1).leadingZeroBitCount
    guard flags.isDisjoint(with: KmallocType.special),
      // SAFETY: a word has 0 to 64 leading zeros.
      let cache = unsafe normalClasses[unchecked: zeros],
      let buffer = unsafe cache.pop(processor)
    else { return unsafe Self.kmallocSlowly(self, size, flags, processor) }
    return flags.contains(.zero) ? unsafe cache.zero(buffer) : unsafe buffer
  }

  // What is out of line takes the allocator as an argument like others: `self` has a register that
  // the caller would have to keep, and so a stack frame.
  @inline(never)
  private static func kmallocSlowly(
    _ heap: borrowing Self, _ size: ByteCount, _ flags: GFP, _ processor: Int
  ) -> UnsafeMutableRawPointer? {
    let type = KmallocType(flags).firstClass
    // SAFETY: a type's first class and the class of a size, 11 at most, are below 48.
    guard let cache = unsafe heap.classes[unchecked: type &+ classIndex(size)] else {
      return unsafe heap.kmallocLarge(size, flags)
    }
    if size == .zero { return unsafe UnsafeMutableRawPointer(bitPattern: zeroSize) }
    if flags.contains(.account) { return unsafe takeCharged(cache, size, flags, processor) }
    guard let buffer = unsafe cache.pop(processor) else {
      return unsafe cache.takeSlowly(flags, Int(truncatingIfNeeded: size.rawValue), processor)
    }
    return flags.contains(.zero) ? unsafe cache.zero(buffer) : unsafe buffer
  }

  /// A buffer that is charged to the running task's group (__GFP_ACCOUNT).
  private static func takeCharged(
    _ cache: KernelPointer<SlabCache<B>>, _ size: ByteCount, _ flags: GFP, _ processor: Int
  ) -> UnsafeMutableRawPointer? {
    // The buffer is charged and not its slab (GFP_RECLAIM_MASK).
    let flags = flags.subtracting(.account)
    let buffer: UnsafeMutableRawPointer
    if let found = unsafe cache.pop(processor) {
      unsafe buffer = flags.contains(.zero) ? cache.zero(found) : found
    } else {
      let size = Int(truncatingIfNeeded: size.rawValue)
      guard let found = unsafe cache.takeSlowly(flags, size, processor) else { return nil }
      unsafe buffer = found
    }
    if let group = cache.pointee.frames.pointee.groups.current {
      unsafe cache.charge(buffer, to: group, isAsked: true)
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
    guard UInt(bitPattern: buffer) > Self.zeroSize else { return true }
    // SAFETY: an address that is more than that is none of nil's.
    let buffer = unsafe buffer.unsafelyUnwrapped
    if frames.pointee.chargesObjects { unsafe uncharge(buffer) }
    guard let cache: KernelPointer<SlabCache<B>> = Slab.cache(of: unsafe frame(under: buffer)),
      unsafe cache.push(buffer, processor)
    else { return unsafe Self.kfreeSlowly(self, buffer, processor) }
    return true
  }

  /// Takes the charge off a buffer that is about to be given back.
  @inline(never)
  private func uncharge(_ buffer: UnsafeMutableRawPointer) {
    if let cache: KernelPointer<SlabCache<B>> = Slab.cache(of: unsafe frame(under: buffer)) {
      unsafe cache.uncharge(buffer)
    }
  }

  @inline(never)
  private static func kfreeSlowly(
    _ heap: borrowing Self, _ buffer: UnsafeMutableRawPointer, _ processor: Int
  ) -> Bool {
    let frame = unsafe heap.frame(under: buffer)
    guard let cache: KernelPointer<SlabCache<B>> = Slab.cache(of: frame) else {
      return unsafe heap.freeLarge(buffer, frame)
    }
    unsafe cache.giveToSlab(buffer, processor)
    return true
  }

  /// How many bytes a buffer has room for (`ksize()`, `__ksize()`); 0 for none.
  public func ksize(_ buffer: UnsafeRawPointer?) -> ByteCount {
    guard let buffer = unsafe buffer, UInt(bitPattern: buffer) > Self.zeroSize else { return .zero }
    guard unsafe isAlive(buffer) else { return .zero }
    let room = unsafe roomOf(buffer)
    if let hooks = unsafe hooks {
      unsafe hooks.pointee.opened(
        hooks.pointee.context, UnsafeMutableRawPointer(mutating: buffer), Int(room.rawValue))
    }
    return room
  }

  /// Whether a checker, where there is one, takes a buffer or a cache for one that lives.
  func isAlive(_ address: UnsafeRawPointer) -> Bool {
    guard let hooks = unsafe hooks else { return true }
    return unsafe hooks.pointee.isAlive(
      hooks.pointee.context, UnsafeMutableRawPointer(mutating: address))
  }

  func roomOf(_ buffer: UnsafeRawPointer) -> ByteCount {
    if let (cache, _) = unsafe slab(at: buffer) {
      // As slab_ksize(): what lies behind the object is usable where nothing is kept there.
      let options = cache.pointee.options
      if options.contains(.checked) { return cache.pointee.objectSize }
      return unsafe cache.pointee.constructor != nil || !options.isDisjoint(with: [.typesafeByRCU])
        ? ByteCount(cache.pointee.objectSize.rawValue.rounded(up: 8))
        : cache.pointee.geometry.size
    }
    let frame = unsafe frame(under: buffer)
    guard isLarge(frame) else { return .zero }
    return Order(UInt64(frame.pointee.blockOrder)).pages.bytes(of: frames.pointee.board.pageSize)
  }
}
