public import MemoryTypes

/// The two links by which a frame hangs in one list, and the head of such a list.
///
/// Lists are circular, as Linux's `list_head`: an empty head points to itself. The links are the
/// first field of ``Frame``, so a frame's address is the address of its links.
public struct FrameLinks: BitwiseCopyable {
  @usableFromInline var next: KernelPointer<FrameLinks>?
  @usableFromInline var previous: KernelPointer<FrameLinks>?

  /// Links that lead nowhere; a head needs ``FrameList/clear()``.
  @inlinable public init() {}
}

/// A row of list heads in RAM.
@safe struct FrameLists: BitwiseCopyable {
  let heads: UnsafeMutablePointer<FrameLinks>

  /// The row of `count` heads in memory that is theirs alone; makes all lists empty.
  @unsafe init(at memory: UnsafeMutableRawPointer, count: Int) {
    unsafe heads = memory.bindMemory(to: FrameLinks.self, capacity: count)
    for index in 0..<count { self[index].clear() }
  }

  subscript(_ index: Int) -> FrameList {
    // SAFETY: indices are below the count that `init` was given.
    unsafe FrameList(head: KernelPointer(heads + index))
  }
}
