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

  /// Where top-down placement begins (mm/util.c:mmap_base); `randomBytes` is the shift of a
  /// randomised layout, a multiple of the page size, and `stackRandomBytes` the most that the stack
  /// may be shifted by.
  ///
  /// The gap under the stack is its limit and the guard gap, at least 128M and at most five sixths
  /// of STACK_TOP. An unlimited stack asks for the legacy layout instead: ``taskUnmappedBase``.
  public func mmapBase(
    stackLimit: ByteCount, guardGap: ByteCount, stackRandomBytes: ByteCount = .zero,
    randomBytes: ByteCount = .zero
  ) -> VirtualAddress {
    if stackLimit.rawValue == .max { return taskUnmappedBase + randomBytes }
    let most = ByteCount(stackTop.rawValue / 6 &* 5)
    var gap = stackLimit
    let padded = gap + guardGap + stackRandomBytes
    if padded > gap { gap = padded }
    gap = min(max(gap, .mebibytes(128)), most)
    return (stackTop - gap - randomBytes).alignedUp(to: pageSize)
  }

  /// The default of `stack_guard_gap`: 256 pages, whatever a page is (mm/mmap.c).
  @inlinable public var stackGuardGap: ByteCount { PageCount(256).bytes(of: pageSize) }
}
