import Glibc
package import MemoryTypes
package import PTMalloc

/// A process's address space for a replay: what the kernel would have done, counted.
///
/// The allocator's own words are real bytes of this process, in one large mapping of which only what
/// is touched costs memory. What the program would have written is not written: only its pages are
/// marked, so gigabytes of objects replay in little memory.
///
/// ```
/// start              start + 64K            start + length/4                    end
/// | main_arena, mp_ | break area →         |               ← mappings, top-down |
/// ```
/// A byte for each page of the model's size says whether the program may use it and whether it was
/// touched. Invariants: `accessible == pageSize × pages with bit 1`, `resident == pages with bit 0`,
/// the static data left out of both; a touched page is accessible.
@safe
package struct ReplayMemory: ~Copyable, HeapMemory {
  /// What the kernel did and holds.
  package struct Counts: Equatable, Sendable {
    package var brkGrow: UInt64 = 0
    package var brkShrink: UInt64 = 0
    package var brkAsk: UInt64 = 0
    package var mmap: UInt64 = 0
    package var munmap: UInt64 = 0
    package var mremap: UInt64 = 0
    package var mprotect: UInt64 = 0
    package var madvise: UInt64 = 0
    /// Pages that were touched for the first time, each a fault.
    package var faults: UInt64 = 0
    /// Bytes that the program may use: the break area, mappings, the accessible part of heaps.
    package var accessible: UInt64 = 0
    package var peakAccessible: UInt64 = 0
    /// Bytes of pages that were touched and not given back.
    package var resident: UInt64 = 0
    package var peakResident: UInt64 = 0

    package init() {}

    package var systemCalls: UInt64 {
      brkGrow + brkShrink + brkAsk + mmap + munmap + mremap + mprotect + madvise
    }
  }

  /// What lies between mappings, and is free for new ones.
  struct Gap {
    var start: UInt64
    var end: UInt64
  }

  // SAFETY: `base` has `length` bytes and `pages` a byte for each page of them, both mapped in init
  // and unmapped in deinit; every access is checked against `length`.
  let base: UnsafeMutableRawPointer
  let pages: UnsafeMutablePointer<UInt8>
  package let start: UInt64
  let length: UInt64
  let shift: UInt64
  let pageSize: UInt64
  package internal(set) var currentBreak: UInt64
  package let breakStart: UInt64
  let breakLimit: UInt64
  /// In ascending order; none touches another.
  var gaps: [Gap]
  package internal(set) var counts = Counts()

  /// The program may have so much; a kernel with less memory would refuse as well.
  package static var limit: UInt64 { 1 << 38 }
  private static var isTouched: UInt8 { 1 }
  private static var isAccessible: UInt8 { 2 }
  /// The same of eight pages.
  static var eightTouched: UInt64 { 0x0101_0101_0101_0101 }
  static var eightAccessible: UInt64 { 0x0202_0202_0202_0202 }

  /// The states of eight pages from a multiple of eight on.
  @inline(__always)
  func states(_ page: Int) -> UnsafeMutablePointer<UInt64> {
    unsafe UnsafeMutableRawPointer(pages + page).assumingMemoryBound(to: UInt64.self)
  }

  /// An empty process; nil where this host gives no address space for it.
  package init?(pageSize: PageSize) {
    let size = pageSize.bytes.rawValue
    self.pageSize = size
    shift = UInt64(size.trailingZeroBitCount)
    start = 0x5555_5554_0000
    func map(_ bytes: UInt64) -> UnsafeMutableRawPointer? {
      let memory = unsafe Glibc.mmap(
        nil, Int(bytes), PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { return nil }
      return unsafe memory
    }
    // As much as this host gives.
    var length: UInt64 = 8 << 40
    var memory: UnsafeMutableRawPointer?
    while length >= 1 << 32 {
      unsafe memory = map(length)
      if unsafe memory != nil { break }
      length >>= 1
    }
    self.length = length
    breakStart = start + 0x1_0000
    currentBreak = breakStart
    breakLimit = start + length / 4
    gaps = [Gap(start: start + length / 4, end: start + length)]
    guard let memory = unsafe memory else { return nil }
    guard let table = unsafe map(length >> shift) else {
      unsafe Glibc.munmap(memory, Int(length))
      return nil
    }
    unsafe base = memory
    unsafe pages = table.assumingMemoryBound(to: UInt8.self)
    for page in 0..<Int(0x1_0000 >> shift) {
      unsafe pages[page] = Self.isTouched | Self.isAccessible
    }
  }

  deinit {
    unsafe Glibc.munmap(base, Int(length))
    unsafe Glibc.munmap(UnsafeMutableRawPointer(pages), Int(length >> shift))
  }

  /// Where `main_arena` and `mp_` lie.
  package var mainArena: VirtualAddress { VirtualAddress(start &+ 0x100) }
  package var parameters: VirtualAddress { VirtualAddress(start &+ 0x1000) }

  // MARK: bytes

  @inline(__always)
  private func pointer(_ address: UInt64, _ size: UInt64) throws(HeapAbort)
    -> UnsafeMutableRawPointer
  {
    let offset = address &- start
    guard offset < length &- size else { throw .fault(address) }
    return unsafe base + Int(truncatingIfNeeded: offset)
  }

  @inline(never)
  private mutating func touch(page: UInt64) -> Bool {
    guard unsafe pages[Int(page)] & Self.isAccessible != 0 else { return false }
    unsafe pages[Int(page)] |= Self.isTouched
    counts.faults &+= 1
    counts.resident &+= pageSize
    counts.peakResident = max(counts.peakResident, counts.resident)
    return true
  }

  /// The program writes all bytes of an object.
  @inline(__always)
  package mutating func touch(_ address: UInt64, _ size: UInt64) throws(HeapAbort) {
    guard size > 0 else { return }
    let offset = address &- start
    guard offset < length, size <= length &- offset else { throw .fault(address) }
    let first = offset &>> shift
    let last = (offset &+ size &- 1) &>> shift
    if unsafe pages[Int(first)] & Self.isTouched == 0, !touch(page: first) {
      throw .fault(address)
    }
    if last != first { try touch(pages: first &+ 1, through: last) }
  }

  @inline(never)
  private mutating func touch(pages first: UInt64, through last: UInt64) throws(HeapAbort) {
    var page = first
    while page <= last {
      // Eight at once where all may be used and none was touched.
      if page & 7 == 0, page &+ 7 <= last, unsafe states(Int(page)).pointee == Self.eightAccessible
      {
        unsafe states(Int(page)).pointee = Self.eightAccessible | Self.eightTouched
        counts.faults &+= 8
        counts.resident &+= pageSize &* 8
        counts.peakResident = max(counts.peakResident, counts.resident)
        page &+= 8
        continue
      }
      if unsafe pages[Int(page)] & Self.isTouched == 0, !touch(page: page) {
        throw .fault(start &+ page &<< shift)
      }
      page &+= 1
    }
  }

  /// The word before an address, or 0 where there is no memory; nothing is touched.
  @inline(__always)
  func peek(_ address: UInt64) -> UInt64 {
    let offset = address &- 8 &- start
    guard offset < length &- 8 else { return 0 }
    return unsafe (base + Int(truncatingIfNeeded: offset)).loadUnaligned(as: UInt64.self)
  }

  @inline(__always)
  package func load<Value: FixedWidthInteger & BitwiseCopyable>(
    at address: UInt64, as type: Value.Type
  ) -> Value? {
    let offset = address &- start
    guard offset < length &- 8 else { return nil }
    return unsafe base.loadUnaligned(
      fromByteOffset: Int(truncatingIfNeeded: offset), as: Value.self)
  }

  /// Touches the page.
  @inline(__always)
  package mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(
    _ value: Value, at address: UInt64
  ) -> Bool {
    let offset = address &- start
    guard offset < length &- 8 else { return false }
    let page = offset &>> shift
    if unsafe pages[Int(truncatingIfNeeded: page)] & Self.isTouched == 0, !touch(page: page) {
      return false
    }
    unsafe base.storeBytes(
      of: value, toByteOffset: Int(truncatingIfNeeded: offset), as: Value.self)
    return true
  }

  /// Only of a page that was touched already.
  @inline(__always)
  package func span(at address: UInt64, _ bytes: UInt64) -> HeapSpan? {
    let offset = address &- start
    guard offset < length &- 8, offset & (pageSize &- 1) &+ bytes <= pageSize,
      unsafe pages[Int(truncatingIfNeeded: offset &>> shift)] & Self.isTouched != 0
    else { return nil }
    return unsafe HeapSpan(base + Int(truncatingIfNeeded: offset))
  }

  package mutating func fill(at address: UInt64, length: UInt64, with value: UInt8)
    throws(HeapAbort)
  {
    guard length > 0 else { return }
    // What is longer than the allocator's own structures is the program's, and nobody reads it.
    if length <= 4096 {
      unsafe try memset(pointer(address, length), Int32(value), Int(length))
    }
    try touch(address, length)
  }

  package mutating func copy(from source: UInt64, to destination: UInt64, length: UInt64)
    throws(HeapAbort)
  {
    // The program's bytes, which nobody reads.
    try touch(destination, length)
  }
}
