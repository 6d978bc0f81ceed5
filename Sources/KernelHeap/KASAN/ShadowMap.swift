/// The shadow of the kernel's memory: generic KASAN (mm/kasan of Linux 6.1).
///
/// Every eight bytes of memory, a *granule*, have one byte of shadow, at
/// ```
///   shadow(address) = (address >> 3) + offset
/// ```
/// It says how much of its granule may be accessed:
///
/// | shadow byte | meaning |
/// |---|---|
/// | 0 | all eight bytes |
/// | 1…7 | the first so many |
/// | 0x80… | none, and why not: ``ShadowValue`` |
///
/// *Poisoning* is writing a reason over a range, *unpoisoning* is making it accessible again. Ranges
/// that are poisoned begin and end on granules; one that is unpoisoned begins on one, and its last
/// granule may be accessible in part.
///
/// The compiler puts a check before every access, as a call (outline, where `offset` is looked up
/// here, so that one image serves every page size and every number of VA bits) or in place (inline,
/// where `offset` is a constant of the code).
///
/// On the board the offset is the layout's KASAN_SHADOW_OFFSET; on the host it is chosen so that the
/// shadow of the board's RAM falls into a buffer.
public struct ShadowMap: BitwiseCopyable, Sendable {
  /// KASAN_SHADOW_OFFSET.
  public let offset: UInt64
  /// The first address that has a shadow (`kasan_shadow_to_mem(KASAN_SHADOW_START)`).
  public let lowest: UInt64

  @inlinable public init(offset: UInt64, lowest: UInt64) {
    self.offset = offset
    self.lowest = lowest
  }

  /// KASAN_GRANULE_SIZE, and the mask of what is inside one.
  @inlinable public static var granule: UInt64 { 8 }
  @inlinable static var granuleMask: UInt64 { 7 }

  /// The shadow byte of an address (`kasan_mem_to_shadow()`).
  @inline(__always)
  func shadow(of address: UInt64) -> UnsafeMutablePointer<UInt8> {
    // SAFETY: no shadow lies at zero; whether this one is mapped is the caller's to know.
    unsafe UnsafeMutablePointer(bitPattern: UInt((address &>> 3) &+ offset)).unsafelyUnwrapped
  }

  /// What the shadow says of an address.
  public func value(at address: UInt64) -> UInt8 { unsafe shadow(of: address).pointee }

  /// Whether an address has a shadow (`addr_has_metadata()`).
  @inline(__always)
  public func covers(_ address: UInt64) -> Bool { address >= lowest }

  /// Whether a single byte may not be accessed (`memory_is_poisoned_1()`).
  @inline(__always)
  public func isPoisoned(_ address: UInt64) -> Bool {
    let value = unsafe Int8(bitPattern: shadow(of: address).pointee)
    return value != 0 && Int8(truncatingIfNeeded: address & Self.granuleMask) >= value
  }

  /// Whether some byte of a range may not be accessed (`check_region_inline()`).
  ///
  /// A range that wraps around, or that begins where there is no shadow, is always bad.
  public func isBad(_ address: UInt64, _ size: UInt64) -> Bool {
    if size == 0 { return false }
    let (last, wraps) = address.addingReportingOverflow(size &- 1)
    // As Linux does, one that ends with the last byte of all counts as wrapping.
    if wraps || last == .max || !covers(address) { return true }
    // All granules but the last must be whole.
    var at = address & ~Self.granuleMask
    let end = last & ~Self.granuleMask
    while at < end {
      if at & 63 == 0 && end &- at >= 64 {
        // SAFETY: the shadow of 64 bytes of memory, aligned to its own 8.
        let eight = unsafe UnsafeRawPointer(shadow(of: at)).load(as: UInt64.self)
        if eight != 0 { return true }
        at &+= 64
      } else {
        if unsafe shadow(of: at).pointee != 0 { return true }
        at &+= Self.granule
      }
    }
    return isPoisoned(last)
  }

  /// The first address of a bad range whose granule is not wholly accessible
  /// (`kasan_find_first_bad_addr()`).
  public func firstBad(_ address: UInt64, _ size: UInt64) -> UInt64 {
    guard covers(address) else { return address }
    let end = address &+ size
    var at = address
    while at < end, unsafe shadow(of: at).pointee == 0 { at &+= Self.granule }
    return at
  }

  /// Whether an object that begins here lives (`kasan_byte_accessible()`).
  public func isAccessible(_ address: UInt64) -> Bool {
    Int8(bitPattern: value(at: address)) >= 0 && value(at: address) < UInt8(Self.granule)
  }
}

// MARK: Writing it

extension ShadowMap {
  /// Makes whole granules inaccessible (`kasan_poison()`); their sizes are rounded up.
  public func poison(_ address: UInt64, _ size: UInt64, _ value: ShadowValue) {
    precondition(address & Self.granuleMask == 0)
    fill(address, (size &+ Self.granuleMask) / Self.granule, value.rawValue)
  }

  /// Makes a range accessible, its last granule in part (`kasan_unpoison()`).
  public func unpoison(_ address: UInt64, _ size: UInt64) {
    precondition(address & Self.granuleMask == 0)
    fill(address, size / Self.granule, 0)
    let rest = size & Self.granuleMask
    if rest != 0 {
      unsafe shadow(of: address &+ size).pointee = UInt8(truncatingIfNeeded: rest)
    }
  }

  /// Writes one value into the shadow of so many granules.
  @inline(__always)
  private func fill(_ address: UInt64, _ granules: UInt64, _ value: UInt8) {
    // SAFETY: the caller's range has a shadow of its own.
    unsafe UnsafeMutableRawPointer(shadow(of: address)).initializeMemory(
      as: UInt8.self, repeating: value, count: Int(truncatingIfNeeded: granules))
  }

  /// Poisons what of a region of `capacity` bytes lies behind the `size` bytes that were asked for
  /// (`kasan_poison_last_granule()` and what follows it in `____kasan_kmalloc()`).
  public func poisonRedzone(
    _ address: UInt64, size: UInt64, capacity: UInt64, _ value: ShadowValue
  ) {
    let rest = size & Self.granuleMask
    if rest != 0 {
      unsafe shadow(of: address &+ size).pointee = UInt8(truncatingIfNeeded: rest)
    }
    let start = (address &+ size &+ Self.granuleMask) & ~Self.granuleMask
    let end = (address &+ capacity &+ Self.granuleMask) & ~Self.granuleMask
    if start < end { poison(start, end &- start, value) }
  }

  /// Sets one shadow byte.
  func set(_ value: ShadowValue, at address: UInt64) {
    unsafe shadow(of: address).pointee = value.rawValue
  }
}
