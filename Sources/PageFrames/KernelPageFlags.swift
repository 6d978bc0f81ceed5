import Arm64
public import MemoryTypes

/// The bits of `/proc/kpageflags` (include/uapi/linux/kernel-page-flags.h: KPF_*).
public struct KernelPageFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt64
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public static var locked: Self { Self(rawValue: 1 << 0) }
  @inlinable public static var referenced: Self { Self(rawValue: 1 << 2) }
  @inlinable public static var uptodate: Self { Self(rawValue: 1 << 3) }
  @inlinable public static var dirty: Self { Self(rawValue: 1 << 4) }
  @inlinable public static var lru: Self { Self(rawValue: 1 << 5) }
  @inlinable public static var active: Self { Self(rawValue: 1 << 6) }
  @inlinable public static var slab: Self { Self(rawValue: 1 << 7) }
  @inlinable public static var writeback: Self { Self(rawValue: 1 << 8) }
  @inlinable public static var reclaim: Self { Self(rawValue: 1 << 9) }
  @inlinable public static var buddy: Self { Self(rawValue: 1 << 10) }
  @inlinable public static var mapped: Self { Self(rawValue: 1 << 11) }
  @inlinable public static var anonymous: Self { Self(rawValue: 1 << 12) }
  @inlinable public static var swapCache: Self { Self(rawValue: 1 << 13) }
  @inlinable public static var swapBacked: Self { Self(rawValue: 1 << 14) }
  @inlinable public static var compoundHead: Self { Self(rawValue: 1 << 15) }
  @inlinable public static var compoundTail: Self { Self(rawValue: 1 << 16) }
  /// A huge page, whether mapped or in a pool.
  @inlinable public static var huge: Self { Self(rawValue: 1 << 17) }
  @inlinable public static var unevictable: Self { Self(rawValue: 1 << 18) }
  /// No frame has this number.
  @inlinable public static var noPage: Self { Self(rawValue: 1 << 20) }
  @inlinable public static var zeroPage: Self { Self(rawValue: 1 << 24) }
  @inlinable public static var pageTable: Self { Self(rawValue: 1 << 26) }
  /// Never given to the allocator: the kernel's image, the frame table.
  @inlinable public static var reserved: Self { Self(rawValue: 1 << 32) }
  @inlinable public static var mlocked: Self { Self(rawValue: 1 << 33) }
  /// Under the name MAPPEDTODISK; the bit is shared with PG_anon_exclusive.
  @inlinable public static var anonymousExclusive: Self { Self(rawValue: 1 << 34) }
  /// The architecture's bit: on arm64 instruction fetch sees the page's bytes (PG_dcache_clean).
  @inlinable public static var architecture: Self { Self(rawValue: 1 << 38) }
}

extension FrameAllocator {
  /// What `/proc/kpageflags` says of a frame (fs/proc/page.c:stable_page_flags()).
  public func kernelPageFlags(of number: PageFrameNumber) -> KernelPageFlags {
    guard isInRAM(number) else { return .noPage }
    let frame = frames[number]
    let state = frame.pointee.state
    if state == .untouched { return flags(insideBlock: number) }
    if state == .free { return .buddy }
    guard state.isAllocated else { return [] }
    var flags: KernelPageFlags = []
    let isCompound = frame.pointee.blockOrder > 0
    switch state {
    case .slab: return isCompound ? [.slab, .compoundHead] : .slab
    case .hugePage: return [.huge, .compoundHead]
    // The two last levels have a page type (pgtable_pte_page_ctor()), the others none.
    case .pageTable: return frame.pointee.index >= 2 ? .pageTable : []
    // What only the swap cache has may be of a file in memory, too.
    case .anonymous: if frame.pointee.mapping != 0 { flags.insert(.anonymous) }
    default: break
    }
    if frame.pointee.mapCount > 0 { flags.insert(.mapped) }
    let own = frame.pointee.flags
    if own.contains(.locked) { flags.insert(.locked) }
    if own.contains(.referenced) { flags.insert(.referenced) }
    if own.contains(.uptodate) { flags.insert(.uptodate) }
    if own.contains(.dirty) { flags.insert(.dirty) }
    if own.contains(.lru) { flags.insert(.lru) }
    if own.contains(.active) { flags.insert(.active) }
    if own.contains(.writeback) { flags.insert(.writeback) }
    if own.contains(.reclaim) { flags.insert(.reclaim) }
    if own.contains(.swapCache) { flags.insert(.swapCache) }
    if own.contains(.swapBacked) { flags.insert(.swapBacked) }
    if own.contains(.unevictable) { flags.insert(.unevictable) }
    if own.contains(.mlocked) { flags.insert(.mlocked) }
    if own.contains(.anonymousExclusive) { flags.insert(.anonymousExclusive) }
    if own.contains(.owner1) { flags.insert(.architecture) }
    return flags
  }

  /// What `/proc/kpagecount` says of a frame: the page-table entries that map it.
  public func kernelPageCount(of number: PageFrameNumber) -> UInt64 {
    guard isInRAM(number) else { return 0 }
    let frame = frames[number]
    switch frame.pointee.state {
    case .kernel, .anonymous, .pageCache: return UInt64(max(0, frame.pointee.mapCount))
    default: return 0
    }
  }

  /// The first frame number above all RAM: where both files end (`get_max_dump_pfn()`).
  public var endOfRAM: PageFrameNumber {
    guard banks.count > 0 else { return PageFrameNumber(0) }
    return PageFrameNumber(containing: banks[banks.count - 1].end, board.pageSize)
  }

  private func isInRAM(_ number: PageFrameNumber) -> Bool {
    for bank in 0..<banks.count {
      let first = PageFrameNumber(containing: banks[bank].start, board.pageSize)
      let end = PageFrameNumber(containing: banks[bank].end, board.pageSize)
      if number >= first && number < end { return true }
    }
    return false
  }

  /// A frame that does not speak for itself: inside a larger block, or never the allocator's.
  private func flags(insideBlock number: PageFrameNumber) -> KernelPageFlags {
    for order in 1...Int(geometry.largest.rawValue) {
      let head = PageFrameNumber(number.rawValue & ~((1 &<< UInt64(order)) &- 1))
      guard isInRAM(head) else { break }
      let frame = frames[head]
      guard frame.pointee.state != .untouched else { continue }
      guard Int(frame.pointee.blockOrder) >= order else { break }
      switch frame.pointee.state {
      case .free: return .buddy
      case .slab: return [.slab, .compoundTail]
      case .hugePage: return [.huge, .compoundTail]
      default: return []
      }
    }
    return .reserved
  }
}
