import AddressSpaces
import Arm64
import KernelLayout
import MemoryTypes

/// Where exec may move a program's parts, drawn from the seed of `--aslr`: the same machine with the
/// same seed places everything alike (splitmix64, Steele, Lea and Flood 2014).
///
/// Off without a seed, as Linux is with `norandmaps`. A process may refuse it for what it executes
/// (ADDR_NO_RANDOMIZE), and the machine with `kernel.randomize_va_space`.
public struct LayoutRandomness: BitwiseCopyable, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word &>> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word &>> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word &>> 31
  }
}

extension KernelState {
  /// Whether the current task's next program is placed at random (fs/binfmt_elf.c: PF_RANDOMIZE).
  var randomizesLayout: Bool {
    memory.pointee.settings.randomizeVASpace != 0
      && !current.pointee.memory.personality.contains(.noRandomization)
  }

  private var randomWord: UInt64 { store.pointee.layoutRandomness.next() }

  /// How far the stack may be moved down, as a mask of pages: 1 GiB on every page size, 8 MiB in a
  /// 32-bit program (arch/arm64/include/asm/elf.h:STACK_RND_MASK).
  private func stackMask(isCompat: Bool) -> UInt64 {
    (isCompat ? 0x7ff : 0x3ffff) &>> (board.pageSize.shift &- 12)
  }

  /// The most that the stack is moved, which mappings stay clear of.
  func stackRandomBytes(isCompat: Bool) -> ByteCount {
    guard randomizesLayout else { return .zero }
    return PageCount(stackMask(isCompat: isCompat)).bytes(of: board.pageSize)
  }

  /// The end of the stack (randomize_stack_top()).
  func chosenStackTop(below top: VirtualAddress, isCompat: Bool) -> VirtualAddress {
    guard randomizesLayout else { return top }
    let pages = PageCount(randomWord & stackMask(isCompat: isCompat))
    return top - pages.bytes(of: board.pageSize)
  }

  /// How far the first stack pointer is moved within a page; a multiple of 16
  /// (arch/arm64/kernel/process.c:arch_align_stack()).
  var stackPointerOffset: ByteCount {
    guard randomizesLayout else { return .zero }
    return ByteCount((randomWord & board.pageSize.offsetMask) & ~15)
  }

  /// How far the mmap area, or a PIE, is moved (mm/util.c:arch_mmap_rnd()): for a 32-bit program by
  /// as few bits as can be set (ARCH_MMAP_RND_COMPAT_BITS_MIN).
  func mappingOffset(isCompat: Bool) -> ByteCount {
    guard randomizesLayout else { return .zero }
    let bits =
      isCompat ? 11 &- (board.pageSize.shift &- 12) : memory.pointee.settings.mmapRandomBits
    return PageCount(randomWord & ((1 &<< bits) &- 1)).bytes(of: board.pageSize)
  }

  /// Where the heap begins, whose first place is known: up to 1 GiB above it, 32 MiB in a 32-bit
  /// program (arch_randomize_brk(), mm/util.c:randomize_page()).
  func chosenBreak(
    _ start: VirtualAddress, isBehindProgram: Bool, isCompat: Bool
  ) -> VirtualAddress {
    guard randomizesLayout, memory.pointee.settings.randomizeVASpace > 1 else { return start }
    // A gap between bss and heap.
    let wanted = isBehindProgram ? start + board.pageSize.bytes : start
    let first = wanted.alignedUp(to: board.pageSize)
    let room = isCompat ? ByteCount.mebibytes(32) : ByteCount.gibibytes(1)
    let pages = (room - (first - wanted)).rawValue &>> board.pageSize.shift
    return first + PageCount(randomWord % pages).bytes(of: board.pageSize)
  }
}
