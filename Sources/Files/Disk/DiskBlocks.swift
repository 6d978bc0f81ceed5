import MemoryTypes

/// The free part of the machine's disk: blocks of a page each, where pages of the archive's files go
/// when they are written back.
///
/// The archive's own bytes are never written, so that what the tool put there stays as it was. A
/// page that is written back gets a block and keeps it until its file loses the page: then reclaim
/// may take the page, and it is read again from the block.
///
///     start        a word for each block: its *shadow* + 1 while its page is not in RAM
///                  (``FrameAllocator/evict(_:for:)``), 0 for none; the next free block + 1 while it
///                  is free
///     start + 8 × count, on a page boundary
///                  the blocks
///
/// Where a page's block is written: in the frame's `privateWord`, one more than its number, while the
/// page is in RAM; else in the file's tree, as a value with ``flag``.
///
///     used == frames of disk files with a block + values with `flag` in all files' trees
///
/// With several CPUs a lock of its own guards it.
@safe struct DiskBlocks: BitwiseCopyable {
  private let words: UnsafeMutablePointer<UInt64>?
  private let blocks: UnsafeMutableRawPointer?
  private let size: UInt64
  /// All blocks.
  let count: UInt64
  private(set) var used: UInt64 = 0
  /// Blocks from here on were never used.
  private var firstUnused: UInt64 = 0
  /// A chain of those that were given back, one more than the number; 0 for none.
  private var firstFree: UInt64 = 0

  /// In a value of a file's tree: the rest is a block's number, not a shadow.
  static var flag: UInt64 { 1 &<< 61 }

  /// The blocks of an area; of one that is too small there are none.
  ///
  /// Unsafe: the area must stay, must be nobody else's, and begin on a page boundary.
  @unsafe init(_ area: UnsafeMutableRawBufferPointer, _ page: PageSize) {
    size = page.bytes.rawValue
    let length = UInt64(area.count)
    let pages = length &>> page.shift
    // So many words at most, rounded up to a page.
    let head = (pages &* 8 &+ size &- 1) & ~(size &- 1)
    count = length > head ? (length &- head) &>> page.shift : 0
    guard count > 0, let base = area.baseAddress else {
      unsafe words = nil
      unsafe blocks = nil
      return
    }
    // SAFETY: the caller's area, as long as asked for.
    unsafe words = base.bindMemory(to: UInt64.self, capacity: Int(pages))
    unsafe blocks = base + Int(head)
  }

  /// The block that a value of a tree names; nil where it is a shadow.
  static func block(_ value: UInt64) -> UInt64? { value & flag != 0 ? value & ~flag : nil }

  /// Takes a free block; nil where the disk is full.
  mutating func allocate() -> UInt64? {
    guard used < count else { return nil }
    used &+= 1
    let block: UInt64
    if firstFree != 0 {
      block = firstFree &- 1
      firstFree = word(block)
    } else {
      block = firstUnused
      firstUnused &+= 1
    }
    setWord(block, 0)
    return block
  }

  mutating func free(_ block: UInt64) {
    precondition(block < firstUnused)
    setWord(block, firstFree)
    firstFree = block &+ 1
    used &-= 1
  }

  /// What is remembered of the eviction of a block's page.
  func shadow(of block: UInt64) -> UInt64? {
    let word = word(block)
    return word == 0 ? nil : word &- 1
  }

  func setShadow(_ shadow: UInt64?, of block: UInt64) {
    setWord(block, shadow.map { $0 &+ 1 } ?? 0)
  }

  /// The bytes of a block that was taken.
  @unsafe func bytes(of block: UInt64) -> UnsafeMutableRawPointer {
    precondition(block < firstUnused)
    return unsafe blocks.unsafelyUnwrapped + Int(block &* size)
  }

  private func word(_ block: UInt64) -> UInt64 {
    precondition(block < count)
    // SAFETY: a word for each block.
    return unsafe words.unsafelyUnwrapped[Int(block)]
  }

  private func setWord(_ block: UInt64, _ value: UInt64) {
    precondition(block < count)
    // SAFETY: a word for each block.
    unsafe words.unsafelyUnwrapped[Int(block)] = value
  }
}
