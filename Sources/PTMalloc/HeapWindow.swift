public import MemoryTypes

#if canImport(Glibc)
import Glibc
#endif

/// A process's memory for an allocator, in one buffer: static data, the break, mappings.
///
/// It plays the kernel as far as an allocator asks: the break grows upward from its start,
/// mappings come top-down, each in the highest gap that has room, as in Linux's default layout.
/// Mappings that touch are one range of the table, as their addresses are all that is kept of
/// them. What is not mapped reads as zeros; `isAccessible` knows better.
///
/// ```
/// start                     start + 64K                                     end
/// | main_arena, mp_ | break area →                   ← mappings | table of mappings
/// ```
@safe public struct HeapWindow: HeapMemory {
  // SAFETY: `base` has `length` bytes below the table for as long as the window is used, which is
  // the promise of whoever made it; every access is checked against `length` first.
  @usableFromInline let base: UnsafeMutableRawPointer
  /// The program's address of the first byte.
  public let start: UInt64
  @usableFromInline let length: UInt64
  /// `length - 8`: a word at a smaller offset lies within.
  @usableFromInline let wordLimit: UInt64
  /// `length - 4096`: the same of a span.
  @usableFromInline let spanLimit: UInt64
  private let table: UnsafeMutablePointer<Range>
  private let tableCapacity: Int
  private var rangeCount = 0
  private let pageMask: UInt64
  /// The break, and where it began.
  public private(set) var currentBreak: UInt64
  public let breakStart: UInt64
  /// Mappings lie below this address.
  public let mappingTop: UInt64
  /// How many system calls of each kind were made.
  public private(set) var calls = HeapCalls()

  private struct Range {
    var start: UInt64
    var end: UInt64
  }

  /// How large the part of a buffer is that holds the table of mappings.
  public static var tableSize: UInt64 { 1 &<< 20 }

  /// A window over `buffer`, all zeros, at the program's address `start`.
  ///
  /// - Parameters:
  ///   - buffer: Aligned to the page size and larger than `tableSize` by the memory wanted. It must
  ///     outlive the window; a mapping without reserve costs only what is touched.
  ///   - start: A multiple of the page size; the static data begins here.
  ///   - pageSize: Of the machine that is played.
  ///   - breakOffset: How far behind `start` the break begins, 8K or more and whole pages.
  @unsafe public init(
    over buffer: UnsafeMutableRawBufferPointer, at start: VirtualAddress, pageSize: PageSize,
    breakOffset: UInt64 = 0x1_0000
  ) {
    precondition(buffer.count > Int(Self.tableSize) + (1 << 17))
    unsafe base = buffer.baseAddress.unsafelyUnwrapped
    self.start = start.rawValue
    length = (UInt64(buffer.count) &- Self.tableSize) & ~0xffff
    wordLimit = length &- 8
    spanLimit = length &- 4096
    unsafe table = (base + Int(length)).bindMemory(
      to: Range.self, capacity: Int(Self.tableSize) / 16)
    tableCapacity = Int(Self.tableSize) / 16
    pageMask = pageSize.offsetMask
    breakStart = start.rawValue &+ breakOffset
    currentBreak = breakStart
    mappingTop = start.rawValue &+ length
  }

  /// Where `main_arena` lies.
  public var mainArena: VirtualAddress { VirtualAddress(start &+ 0x100) }
  /// Where `mp_` lies.
  public var parameters: VirtualAddress { VirtualAddress(start &+ 0x1000) }

  // MARK: Bytes

  @inlinable @inline(__always)
  public func load<Value: FixedWidthInteger & BitwiseCopyable>(
    at address: UInt64, as type: Value.Type
  ) -> Value? {
    let offset = address &- start
    guard offset < wordLimit else { return nil }
    return unsafe base.loadUnaligned(
      fromByteOffset: Int(truncatingIfNeeded: offset), as: Value.self)
  }

  @inlinable @inline(__always)
  public mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(
    _ value: Value, at address: UInt64
  ) -> Bool {
    let offset = address &- start
    guard offset < wordLimit else { return false }
    unsafe base.storeBytes(
      of: value, toByteOffset: Int(truncatingIfNeeded: offset), as: Value.self)
    return true
  }

  @inlinable @inline(__always)
  public func span(at address: UInt64, _ length: UInt64) -> HeapSpan? {
    let offset = address &- start
    guard offset < spanLimit else { return nil }
    return unsafe HeapSpan(base + Int(truncatingIfNeeded: offset))
  }

  /// Whether a range lies within the window.
  @inlinable func contains(_ address: UInt64, _ count: UInt64) -> Bool {
    let offset = address &- start
    return offset <= length && count <= length &- offset
  }

  @inlinable
  public mutating func fill(
    at address: UInt64, length count: UInt64, with value: UInt8
  ) throws(HeapAbort) {
    guard contains(address, count) else { throw .fault(address) }
    unsafe (base + Int(address &- start)).initializeMemory(
      as: UInt8.self, repeating: value, count: Int(count))
  }

  @inlinable
  public mutating func copy(
    from source: UInt64, to destination: UInt64, length count: UInt64
  ) throws(HeapAbort) {
    guard contains(source, count) else { throw .fault(source) }
    guard contains(destination, count) else { throw .fault(destination) }
    unsafe (base + Int(destination &- start)).copyMemory(
      from: base + Int(source &- start), byteCount: Int(count))
  }

  /// What was given back reads as zeros when it comes again.
  private mutating func discard(_ address: UInt64, _ end: UInt64) {
    let first = (address &+ pageMask) & ~pageMask
    guard first < end, contains(first, end &- first) else { return }
    let start = unsafe base + Int(first &- self.start)
    #if canImport(Glibc)
    if unsafe Glibc.madvise(start, Int(end &- first), MADV_DONTNEED) == 0 { return }
    #endif
    unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: Int(end &- first))
  }

  public func isAccessible(_ address: UInt64) -> Bool {
    if address >= start, address < (currentBreak &+ pageMask) & ~pageMask { return true }
    let index = firstRange(endingAbove: address)
    return unsafe index < rangeCount && table[index].start <= address
  }

  // MARK: System calls

  public mutating func brk(_ address: UInt64) -> UInt64 {
    calls.brk &+= 1
    guard address >= breakStart, address <= mappingTop else { return currentBreak }
    if address > currentBreak {
      let floor = rangeCount > 0 ? unsafe table[0].start : mappingTop
      guard address <= floor else { return currentBreak }
    } else {
      discard(address, (currentBreak &+ pageMask) & ~pageMask)
    }
    currentBreak = address
    return address
  }

  public mutating func mmap(
    at hint: UInt64, length: UInt64, readWrite: Bool, flags: MapFlags
  ) -> UInt64? {
    calls.mmap &+= 1
    guard length != 0, length <= self.length else { return nil }
    let length = (length &+ pageMask) & ~pageMask
    if flags.contains(.fixed) {
      guard contains(hint, length) else { return nil }
      remove(hint, hint &+ length)
      return insert(hint, hint &+ length) ? hint : nil
    }
    let address: UInt64
    if hint != 0, isFree(hint & ~pageMask, length) {
      address = hint & ~pageMask
    } else {
      guard let gap = highestGap(length) else { return nil }
      address = gap
    }
    return insert(address, address &+ length) ? address : nil
  }

  public mutating func munmap(at address: UInt64, length: UInt64) {
    calls.munmap &+= 1
    guard contains(address, length) else { return }
    remove(address, (address &+ length &+ pageMask) & ~pageMask)
  }

  public mutating func mremap(
    at address: UInt64, length: UInt64, newLength: UInt64
  ) -> UInt64? {
    calls.mremap &+= 1
    guard contains(address, length), newLength <= self.length else { return nil }
    if newLength <= length {
      remove(address &+ newLength, address &+ length)
      return address
    }
    if isFree(address &+ length, newLength &- length) {
      return insert(address &+ length, address &+ newLength) ? address : nil
    }
    guard let moved = highestGap(newLength), insert(moved, moved &+ newLength) else { return nil }
    unsafe (base + Int(moved &- start)).copyMemory(
      from: base + Int(address &- start), byteCount: Int(length))
    remove(address, address &+ length)
    return moved
  }

  public mutating func mprotect(at address: UInt64, length: UInt64) -> Bool {
    calls.mprotect &+= 1
    return true
  }

  public mutating func madvise(at address: UInt64, length: UInt64, _ advice: HeapAdvice) {
    calls.madvise &+= 1
    if advice == .dontNeed { discard(address, address &+ length) }
  }

  // MARK: The table

  /// The first range that ends above an address.
  private func firstRange(endingAbove address: UInt64) -> Int {
    var low = 0
    var high = rangeCount
    while low < high {
      let middle = (low &+ high) &>> 1
      if unsafe table[middle].end > address { high = middle } else { low = middle &+ 1 }
    }
    return low
  }

  private func isFree(_ address: UInt64, _ length: UInt64) -> Bool {
    guard contains(address, length), address >= currentBreak else { return false }
    let index = firstRange(endingAbove: address)
    return unsafe index == rangeCount || table[index].start >= address &+ length
  }

  private func highestGap(_ length: UInt64) -> UInt64? {
    var ceiling = mappingTop
    var index = rangeCount
    while true {
      let floor = index > 0 ? unsafe table[index &- 1].end : (currentBreak &+ pageMask) & ~pageMask
      if ceiling &- floor >= length, ceiling >= floor { return ceiling &- length }
      guard index > 0 else { return nil }
      index &-= 1
      ceiling = unsafe table[index].start
    }
  }

  /// Adds a range that overlaps none; false where the table is full.
  private mutating func insert(_ start: UInt64, _ end: UInt64) -> Bool {
    let index = firstRange(endingAbove: start)
    let touchesBelow = unsafe index > 0 && table[index &- 1].end == start
    let touchesAbove = unsafe index < rangeCount && table[index].start == end
    if touchesBelow, touchesAbove {
      unsafe table[index &- 1].end = table[index].end
      close(index, 1)
    } else if touchesBelow {
      unsafe table[index &- 1].end = end
    } else if touchesAbove {
      unsafe table[index].start = start
    } else {
      guard rangeCount < tableCapacity else { return false }
      unsafe (table + index + 1).update(from: table + index, count: rangeCount - index)
      unsafe table[index] = Range(start: start, end: end)
      rangeCount &+= 1
    }
    return true
  }

  /// Takes ranges out of the table.
  private mutating func close(_ index: Int, _ count: Int) {
    unsafe (table + index).update(
      from: table + index + count, count: rangeCount - index - count)
    rangeCount &-= count
  }

  private mutating func remove(_ start: UInt64, _ end: UInt64) {
    guard start < end else { return }
    var index = firstRange(endingAbove: start)
    while index < rangeCount, case let range = unsafe table[index], range.start < end {
      discard(max(start, range.start), min(end, range.end))
      if range.start < start {
        unsafe table[index].end = start
        index &+= 1
        if range.end > end {
          _ = insert(end, range.end)
          return
        }
      } else if range.end > end {
        unsafe table[index].start = end
        return
      } else {
        close(index, 1)
      }
    }
  }
}

/// How many system calls an allocator made, by kind.
public struct HeapCalls: Equatable, Sendable {
  public var brk: UInt64 = 0
  public var mmap: UInt64 = 0
  public var munmap: UInt64 = 0
  public var mremap: UInt64 = 0
  public var mprotect: UInt64 = 0
  public var madvise: UInt64 = 0

  public init() {}
}
