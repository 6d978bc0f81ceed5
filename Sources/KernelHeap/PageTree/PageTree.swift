public import MemoryTypes

/// What a file, or a swap area, has at each index: a radix tree from page index to frame or value.
///
/// As Linux's `i_pages` (lib/xarray.c): a node resolves 6 bits of the index in 64 slots, the tree
/// is as high as the largest index needs, and a tree that has only index 0 has no node at all: the
/// root entry is the frame itself. An entry is 0 where there is nothing, `frame << 2 | 1` for a
/// frame, `value << 2 | 3` for a value, and else the address of a node.
///
/// A *value* is what is remembered of a page that is in RAM no more: where it was swapped to, or
/// when it was evicted (`xa_is_value()`).
///
///     count == the frames in it; values == the values; height == 0 ⇔ the root is no node
///
/// The tree is what its owner's lock guards; ``PageTrees`` works on it.
public struct PageTree: BitwiseCopyable {
  @usableFromInline var root: UInt64 = 0
  /// The levels of nodes above the entries.
  @usableFromInline var height: UInt64 = 0
  /// The frames in it (`nrpages`).
  public internal(set) var count: UInt64 = 0
  /// The values in it.
  public internal(set) var values: UInt64 = 0

  @inlinable public init() {}

  /// Whether there is nothing in it, values neither.
  @inlinable public var isEmpty: Bool { root == 0 }

  /// What stands at an index.
  public enum Entry: BitwiseCopyable, Hashable, Sendable {
    case none
    case frame(PageFrameNumber)
    case value(UInt64)

    /// The frame, if it is one.
    @inlinable public var frame: PageFrameNumber? {
      if case .frame(let number) = self { return number }
      return nil
    }

    /// The value, if it is one.
    @inlinable public var value: UInt64? {
      if case .value(let value) = self { return value }
      return nil
    }

    @inlinable init(rawValue: UInt64) {
      switch rawValue & 3 {
      case 1: self = .frame(PageFrameNumber(rawValue &>> 2))
      case 3: self = .value(rawValue &>> 2)
      default: self = .none
      }
    }

    @inlinable var rawValue: UInt64 {
      switch self {
      case .none: 0
      case .frame(let number): number.rawValue &<< 2 | 1
      case .value(let value): value &<< 2 | 3
      }
    }
  }
}

/// A node of the tree: 64 entries, and where it hangs.
public struct PageTreeNode {
  @inlinable static var slotBits: UInt64 { 6 }
  @inlinable static var slots: UInt64 { 64 }

  var parent: KernelPointer<PageTreeNode>?
  /// Its slot in the parent.
  var place: UInt8
  /// How many of its own slots are filled, and how many of these with values.
  var used: UInt8 = 0
  var values: UInt8 = 0
  @usableFromInline var entries: InlineArray<64, UInt64> = .init(repeating: 0)

  init(parent: KernelPointer<PageTreeNode>?, place: UInt8) {
    self.parent = parent
    self.place = place
  }
}
