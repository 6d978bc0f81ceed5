public import MemoryTypes

/// The pages of one file that are in RAM: a radix tree from page index to frame.
///
/// As Linux's `i_pages` (lib/xarray.c): a node resolves 6 bits of the index in 64 slots, the tree
/// is as high as the largest index needs, and a file of a single page 0 has no node at all: the
/// root entry is the frame itself. An entry is 0 where there is nothing, an odd number for a frame
/// (`frame << 1 | 1`), and else the address of a node.
///
///     count == the frames in the tree; height == 0 ⇔ the root is nothing or a frame
public struct PageTree: BitwiseCopyable {
  var root: UInt64 = 0
  /// The levels of nodes above the frames.
  var height: UInt64 = 0
  /// The frames in it (`nrpages`).
  public internal(set) var count: UInt64 = 0

  public init() {}
}

/// A node of the tree: 64 entries, and where it hangs.
struct PageTreeNode {
  static var slotBits: UInt64 { 6 }
  static var slots: UInt64 { 64 }

  var parent: KernelPointer<PageTreeNode>?
  /// Its slot in the parent, and how many of its own slots are filled.
  var place: UInt8
  var used: UInt8 = 0
  var entries: InlineArray<64, UInt64> = .init(repeating: 0)
}

/// A page of a file, as a fault or a copy gets it.
public struct CachedPage: BitwiseCopyable, Sendable {
  public var frame: PageFrameNumber
  /// Whether it had to be read from the disk: then the fault is a major one.
  public var wasReadIn: Bool

  @inlinable public init(frame: PageFrameNumber, wasReadIn: Bool) {
    self.frame = frame
    self.wasReadIn = wasReadIn
  }
}
