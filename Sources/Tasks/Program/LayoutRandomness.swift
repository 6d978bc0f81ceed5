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

  /// How far the stack may be moved down, as a mask of pages: 1 GiB on every page size
  /// (arch/arm64/include/asm/elf.h:STACK_RND_MASK).
  private var stackMask: UInt64 { 0x3ffff &>> (board.pageSize.shift &- 12) }

  /// The most that the stack is moved, which mappings stay clear of.
  var stackRandomBytes: ByteCount {
    randomizesLayout ? PageCount(stackMask).bytes(of: board.pageSize) : .zero
  }

  /// The end of the stack (randomize_stack_top()).
  var chosenStackTop: VirtualAddress {
    guard randomizesLayout else { return layout.stackTop }
    return layout.stackTop - PageCount(randomWord & stackMask).bytes(of: board.pageSize)
  }

  /// How far the first stack pointer is moved within a page; a multiple of 16
  /// (arch/arm64/kernel/process.c:arch_align_stack()).
  var stackPointerOffset: ByteCount {
    guard randomizesLayout else { return .zero }
    return ByteCount((randomWord & board.pageSize.offsetMask) & ~15)
  }

  /// How far the mmap area, or a PIE, is moved (arch/arm64/mm/mmap.c, mm/mmap.c:arch_mmap_rnd()).
  var mappingOffset: ByteCount {
    guard randomizesLayout else { return .zero }
    let bits = memory.pointee.settings.mmapRandomBits
    return PageCount(randomWord & ((1 &<< bits) &- 1)).bytes(of: board.pageSize)
  }

  /// Where the heap begins, whose first place is known: up to 1 GiB above it
  /// (arch_randomize_brk(), mm/util.c:randomize_page()).
  func chosenBreak(_ start: VirtualAddress, isBehindProgram: Bool) -> VirtualAddress {
    guard randomizesLayout, memory.pointee.settings.randomizeVASpace > 1 else { return start }
    // A gap between bss and heap.
    let wanted = isBehindProgram ? start + board.pageSize.bytes : start
    let first = wanted.alignedUp(to: board.pageSize)
    let range = ByteCount.gibibytes(1) - (first - wanted)
    let pages = range.rawValue &>> board.pageSize.shift
    return first + PageCount(randomWord % pages).bytes(of: board.pageSize)
  }
}
