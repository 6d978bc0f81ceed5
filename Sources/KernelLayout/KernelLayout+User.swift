public import MemoryTypes

/// The landmarks of the user half (arch/arm64/include/asm/processor.h, elf.h; mm/util.c).
extension KernelLayout {
  /// TASK_SIZE: the first address that is no user address.
  @inlinable public var taskSize: VirtualAddress { VirtualAddress(1 &<< actualVABits) }

  /// DEFAULT_MAP_WINDOW: what mappings stay under unless a hint asks for more.
  @inlinable public var defaultMapWindow: VirtualAddress {
    VirtualAddress(1 &<< minimumVABits)
  }

  /// STACK_TOP, for 64-bit programs STACK_TOP_MAX.
  @inlinable public var stackTop: VirtualAddress { defaultMapWindow }

  /// ELF_ET_DYN_BASE: where a dynamic PIE is put, two thirds up.
  @inlinable public var elfDynamicBase: VirtualAddress {
    VirtualAddress(2 &* defaultMapWindow.rawValue / 3)
  }

  /// TASK_UNMAPPED_BASE: where the legacy bottom-up layout begins.
  @inlinable public var taskUnmappedBase: VirtualAddress {
    VirtualAddress(defaultMapWindow.rawValue / 4).alignedUp(to: pageSize)
  }

  /// As ``UserLayout/mmapBase(stackLimit:guardGap:stackRandomBytes:randomBytes:)`` of the 64-bit
  /// layout.
  public func mmapBase(
    stackLimit: ByteCount, guardGap: ByteCount, stackRandomBytes: ByteCount = .zero,
    randomBytes: ByteCount = .zero
  ) -> VirtualAddress {
    user.mmapBase(
      stackLimit: stackLimit, guardGap: guardGap, stackRandomBytes: stackRandomBytes,
      randomBytes: randomBytes)
  }

  /// The default of `stack_guard_gap`: 256 pages, whatever a page is (mm/mmap.c).
  @inlinable public var stackGuardGap: ByteCount { PageCount(256).bytes(of: pageSize) }
}
