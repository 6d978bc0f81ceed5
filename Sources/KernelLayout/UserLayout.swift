public import MemoryTypes

/// The landmarks of one program's user half: of a 64-bit program, or of a 32-bit one
/// (arch/arm64/include/asm/processor.h, elf.h; TIF_32BIT chooses in Linux).
///
/// ```
///                    64 bits, 48 of them used      32 bits, 4K pages
/// accessEnd          taskSize                      0x1_0001_0000   the window behind the program
/// taskSize           0x1_0000_0000_0000            0xffff_f000     TASK_SIZE_32
/// mapWindow          the same                      0xffff_f000
/// stackTop           the same                      0xffff_0000     AARCH32_VECTORS_BASE
/// elfDynamicBase     0xaaaa_aaaa_aaaa              0x0040_0000     COMPAT_ELF_ET_DYN_BASE
/// unmappedBase       0x4000_0000_0000              0x4000_0000
/// ```
public struct UserLayout: BitwiseCopyable, Hashable, Sendable {
  /// TASK_SIZE: the first address that is no user address.
  public var taskSize: VirtualAddress
  /// What the kernel's copies take for the program's: `taskSize`, and for a 32-bit program the
  /// window behind it.
  public var accessEnd: VirtualAddress
  /// DEFAULT_MAP_WINDOW: what mappings stay under unless a hint asks for more.
  public var mapWindow: VirtualAddress
  /// STACK_TOP.
  public var stackTop: VirtualAddress
  /// ELF_ET_DYN_BASE: where a dynamic PIE is put.
  public var elfDynamicBase: VirtualAddress
  /// TASK_UNMAPPED_BASE: where the legacy bottom-up layout begins.
  public var taskUnmappedBase: VirtualAddress
  public var pageSize: PageSize
  /// Whether the program's addresses have 32 bits (`is_compat_task()`).
  public var isCompat: Bool

  /// AARCH32_VECTORS_BASE: where a 32-bit program's `[vectors]` is, and its stack ends.
  @inlinable public static var vectors: VirtualAddress { VirtualAddress(0xffff_0000) }
  /// Where the window behind a 32-bit program begins: its own addresses cannot name it.
  @inlinable public static var window: VirtualAddress { VirtualAddress(0x1_0000_0000) }

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
}

extension KernelLayout {
  /// The layout of a 64-bit program.
  public var user: UserLayout {
    UserLayout(
      taskSize: taskSize, accessEnd: taskSize, mapWindow: defaultMapWindow, stackTop: stackTop,
      elfDynamicBase: elfDynamicBase, taskUnmappedBase: taskUnmappedBase, pageSize: pageSize,
      isCompat: false)
  }

  /// The layout of a 32-bit program; TASK_SIZE_32 is less a page except with 64K pages, whose last
  /// one the vectors take.
  public var compatUser: UserLayout {
    let end: UInt64 = 0x1_0000_0000
    let size = VirtualAddress(
      pageSize.bytes.rawValue == 65536 ? end : end &- pageSize.bytes.rawValue)
    return UserLayout(
      taskSize: size, accessEnd: UserLayout.window + ByteCount(65536), mapWindow: size,
      stackTop: UserLayout.vectors, elfDynamicBase: VirtualAddress(0x40_0000),
      taskUnmappedBase: VirtualAddress(size.rawValue / 4).alignedUp(to: pageSize),
      pageSize: pageSize, isCompat: true)
  }
}
