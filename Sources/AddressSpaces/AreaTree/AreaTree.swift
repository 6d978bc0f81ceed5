public import MemoryTypes

/// The areas of a space: an AVL tree through the areas themselves, and a list in address order.
///
/// Terms. The *gap below* an area is the room between the end of its predecessor and its own start,
/// less the guard that an area which grows down keeps below itself. Each node knows the largest
/// gap in its subtree, so the highest (or lowest) gap that fits a length is found in one descent.
/// The room above the highest area belongs to no node and is looked at first.
///
/// Invariants, checked by ``checkInvariants()``:
/// - `a.end <= a.next.start` and `a.next.previous == a`; the tree in order is the list;
/// - those of a ``GapTree`` and a ``MaximumTree``;
/// - `count` is the number of nodes.
///
/// Linux 6.1 has a maple tree; Documentation/Decisions/AreaTree.md says why this is an AVL tree. A
/// new area hangs where its predecessor or successor has a free side, so linking searches nothing;
/// and the last area found is remembered, as Linux's `vmacache` did (mm/vmacache.c before 6.1).
public struct AreaTree: GapTree, BitwiseCopyable {
  public typealias Area = KernelPointer<VirtualMemoryArea>
  package typealias Node = VirtualMemoryArea

  package var root: Area?
  /// The lowest and the highest area.
  public internal(set) var first: Area?
  public internal(set) var last: Area?
  /// The area that the last search found.
  var recent: Area?
  public internal(set) var count = 0
  /// The guard below an area that grows down, in bytes (`stack_guard_gap`).
  var stackGuard = ByteCount(0)

  /// Between which addresses areas have changed since somebody asked; nowhere while
  /// `changedFrom > changedTo`.
  var changedFrom = VirtualAddress(.max)
  var changedTo = VirtualAddress(0)

  init(stackGuard: ByteCount = ByteCount(0)) { self.stackGuard = stackGuard }

  /// Remembers that areas between two addresses have changed.
  @inline(__always) mutating func note(_ start: VirtualAddress, _ end: VirtualAddress) {
    if start < changedFrom { changedFrom = start }
    if end > changedTo { changedTo = end }
  }

  /// The lowest address that others must leave alone: the start, or for a stack the guard's
  /// (`vm_start_gap()`).
  @inline(__always) func guardedStart(_ area: Area) -> VirtualAddress {
    let start = area.pointee.start
    guard area.pointee.flags.contains(.growsDown) else { return start }
    return start.rawValue < stackGuard.rawValue ? VirtualAddress(0) : start - stackGuard
  }

  package var lowest: VirtualAddress { VirtualAddress(0) }

  @inline(__always) package static func start(_ area: Area) -> VirtualAddress {
    area.pointee.start
  }
  @inline(__always) package static func end(_ area: Area) -> VirtualAddress { area.pointee.end }
  @inline(__always) package static func previous(_ area: Area) -> Area? { area.pointee.previous }
  @inline(__always) package func ceiling(_ area: Area) -> VirtualAddress { guardedStart(area) }

  // SAFETY (both): the part lies in the initialised area.

  @inline(__always) package static func links(_ area: Area)
    -> KernelPointer<TreeLinks<VirtualMemoryArea>>
  {
    unsafe withUnsafeMutablePointer(to: &area.pointee.tree) { unsafe KernelPointer($0) }
  }

  @inline(__always) package static func balance(_ area: Area) -> KernelPointer<Int8> {
    unsafe withUnsafeMutablePointer(to: &area.pointee.balance) { unsafe KernelPointer($0) }
  }
}
