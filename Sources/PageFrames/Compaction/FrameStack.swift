public import MemoryTypes

/// Frames that are on no list and belong to one step, last in, first out: they hang in each other by
/// their links.
@safe public struct FrameStack: BitwiseCopyable {
  private var top: KernelPointer<FrameLinks>?
  public private(set) var count = 0

  public init() {}

  public var isEmpty: Bool { count == 0 }

  public mutating func push(_ frame: KernelPointer<Frame>) {
    frame.pointee.links.next = top
    top = FrameList.links(frame)
    count &+= 1
  }

  public mutating func pop() -> KernelPointer<Frame>? {
    guard let links = top else { return nil }
    top = links.pointee.next
    count &-= 1
    // SAFETY: only frames are pushed, and their links are their first field.
    return unsafe KernelPointer(links.raw.assumingMemoryBound(to: Frame.self))
  }
}
