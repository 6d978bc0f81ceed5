public import MemoryTypes

/// The two links by which a frame hangs in one list, and the head of such a list.
///
/// Lists are circular, as Linux's `list_head`: an empty head points to itself. The links are the
/// first field of ``Frame``, so a frame's address is the address of its links.
public struct FrameLinks: BitwiseCopyable {
  @usableFromInline var next: KernelPointer<FrameLinks>?
  @usableFromInline var previous: KernelPointer<FrameLinks>?

  @inlinable init() {}
}
