public import MemoryTypes

/// The sizes in which frames are grouped, which follow from the page size.
public struct BlockGeometry: BitwiseCopyable, Hashable, Sendable {
  public let pageSize: PageSize

  @inlinable public init(_ pageSize: PageSize) { self.pageSize = pageSize }

  /// The number of orders, Linux's `MAX_ORDER`: 11 on 4K, 12 on 16K, 14 on 64K
  /// (CONFIG_ARCH_FORCE_MAX_ORDER's defaults in arch/arm64/Kconfig).
  @inlinable public var orders: Int {
    switch pageSize {
    case .fourKiB: 11
    case .sixteenKiB: 12
    default: 14
    }
  }

  /// The largest block.
  @inlinable public var largest: Order { Order(UInt64(orders &- 1)) }

  /// A page block is as large as a huge page: one last-level table's worth
  /// (`pageblock_order`, `HUGETLB_PAGE_ORDER`).
  @inlinable public var pageblock: Order { Order(pageSize.shift &- 3) }

  /// Memory comes and goes in sections of 128 MiB, 512 MiB on 64K (`SECTION_SIZE_BITS`).
  @inlinable public var section: ByteCount {
    ByteCount(1 &<< (pageSize == .sixtyFourKiB ? 29 : 27))
  }

  /// The bytes of the frame table that describe one section.
  @inlinable public var sectionTable: ByteCount {
    ByteCount((section.rawValue &>> pageSize.shift) &<< FrameTable.frameShift)
  }
}
