public import MemoryTypes

/// Sizes that follow from the page size (arch/arm64/include/asm/memory.h, sparsemem.h,
/// kernel-pgtable.h; arch/arm64/Kconfig).
extension KernelLayout {
  /// THREAD_SIZE: a kernel stack, 16K, twice that with KASAN, and at least a page.
  @inlinable public var threadSize: ByteCount {
    max(.kibibytes(hasShadow ? 32 : 16), pageSize.bytes)
  }
  /// THREAD_ALIGN: twice the size, so that one bit of the stack pointer tells an overflow.
  @inlinable public var threadAlignment: ByteCount { threadSize + threadSize }
  /// IRQ_STACK_SIZE.
  @inlinable public var interruptStackSize: ByteCount { threadSize }
  /// OVERFLOW_STACK_SIZE.
  @inlinable public var overflowStackSize: ByteCount { .kibibytes(4) }
  /// SEGMENT_ALIGN: the kernel image's segments.
  @inlinable public var segmentAlignment: ByteCount { .kibibytes(64) }

  /// SECTION_SIZE_BITS: memory is present or absent by sections of 128M, 512M on 64K.
  @inlinable public var sectionSizeBits: UInt64 { pageSize == .sixtyFourKiB ? 29 : 27 }

  /// MAX_ORDER of 6.1: one more than the largest order.
  @inlinable public var maxOrder: Order {
    Order(pageSize == .sixtyFourKiB ? 14 : pageSize == .sixteenKiB ? 12 : 11)
  }
  /// pageblock_order: a huge page, or the largest order where that is less.
  @inlinable public var pageBlockOrder: Order { min(Order(pageSize.shift &- 3), maxOrder - 1) }
  /// HPAGE_SHIFT: a block of level 2.
  @inlinable public var hugePageShift: UInt64 { pageSize.shift &* 2 &- 3 }

  /// ARM64_MEMSTART_SHIFT: 1G on 4K (a level 1 block) and 16K (a contiguous run of level 2), 512M
  /// on 64K (a level 2 block).
  @inlinable public var memoryStartShift: UInt64 { pageSize == .sixtyFourKiB ? 29 : 30 }

  /// PHYS_OFFSET (`memstart_addr`): the physical address that PAGE_OFFSET maps, for the first byte
  /// of RAM (arch/arm64/mm/init.c:arm64_memblock_init).
  ///
  /// A 52-bit kernel on a 48-bit machine moves RAM up into the part that is translated; the
  /// subtraction wraps below zero as Linux's does.
  @inlinable public func memoryStart(firstByte: PhysicalAddress) -> PhysicalAddress {
    let start = firstByte.alignedDown(
      to: ByteCount(1 &<< max(memoryStartShift, sectionSizeBits)))
    return actualVABits == vaBits ? start : start - (Self.top(actualVABits) - pageOffset)
  }

  /// Where the linear map holds a physical address (`__phys_to_virt`).
  @inlinable public func linearAddress(
    of address: PhysicalAddress, memoryStart: PhysicalAddress
  ) -> VirtualAddress {
    VirtualAddress((address.rawValue &- memoryStart.rawValue) | pageOffset.rawValue)
  }

  /// Where the frame table holds a frame (`vmemmap` of SPARSEMEM_VMEMMAP).
  @inlinable public func frameAddress(
    of frame: PageFrameNumber, memoryStart: PhysicalAddress
  ) -> VirtualAddress {
    let first = memoryStart.rawValue &>> pageSize.shift
    return vmemmapStart + ByteCount((frame.rawValue &- first) &* 64)
  }
}
