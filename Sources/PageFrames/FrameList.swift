public import MemoryTypes

/// A list of frames, which hang in it by their own links; the head lies in RAM and stays there.
///
/// Invariant: `head.next.previous == head`, and so for every frame in it. A frame is in at most one
/// list; a frame in none has stale links.
@safe public struct FrameList: BitwiseCopyable {
  @usableFromInline let head: KernelPointer<FrameLinks>

  /// The list whose head is at that place; it must be made empty with ``clear()`` once.
  @inlinable public init(head: KernelPointer<FrameLinks>) { self.head = head }

  /// Makes the list empty, whatever the head's bytes were.
  @inlinable public func clear() {
    head.pointee.next = head
    head.pointee.previous = head
  }

  @inlinable public var isEmpty: Bool { head.pointee.next == head }

  /// The frame in front.
  @inlinable public var first: KernelPointer<Frame>? { frame(head.pointee.next) }

  /// The frame at the end.
  @inlinable public var last: KernelPointer<Frame>? { frame(head.pointee.previous) }

  /// The frame behind that one, or nil at the end.
  @inlinable public func frame(after frame: KernelPointer<Frame>) -> KernelPointer<Frame>? {
    self.frame(frame.pointee.links.next)
  }

  /// The frame in front of that one, or nil at the head.
  @inlinable public func frame(before frame: KernelPointer<Frame>) -> KernelPointer<Frame>? {
    self.frame(frame.pointee.links.previous)
  }

  /// Takes out a frame of the list and all behind it; their links are left as they were.
  @inlinable func removeLast(from frame: KernelPointer<Frame>) {
    // SAFETY: the frame is in a list, so both links are set.
    let previous = unsafe frame.pointee.links.previous.unsafelyUnwrapped
    previous.pointee.next = head
    head.pointee.previous = previous
  }

  @inlinable public func prepend(_ frame: KernelPointer<Frame>) {
    // SAFETY: the links of a cleared head are never nil.
    insert(Self.links(frame), between: head, and: unsafe head.pointee.next.unsafelyUnwrapped)
  }

  @inlinable public func append(_ frame: KernelPointer<Frame>) {
    // SAFETY: the links of a cleared head are never nil.
    insert(Self.links(frame), between: unsafe head.pointee.previous.unsafelyUnwrapped, and: head)
  }

  /// Takes a frame out of the list that it is in; its links are left as they were.
  @inlinable public static func remove(_ frame: KernelPointer<Frame>) {
    // SAFETY: the caller's frame is in a list, so both links are set.
    let next = unsafe frame.pointee.links.next.unsafelyUnwrapped
    let previous = unsafe frame.pointee.links.previous.unsafelyUnwrapped
    next.pointee.previous = previous
    previous.pointee.next = next
  }

  @inlinable func frame(_ links: KernelPointer<FrameLinks>?) -> KernelPointer<Frame>? {
    guard let links, links != head else { return nil }
    // SAFETY: all links of a list but the head's are the first field of a frame.
    return unsafe KernelPointer(links.raw.assumingMemoryBound(to: Frame.self))
  }

  @inlinable static func links(_ frame: KernelPointer<Frame>) -> KernelPointer<FrameLinks> {
    // SAFETY: the links are a frame's first field.
    unsafe KernelPointer(frame.raw.assumingMemoryBound(to: FrameLinks.self))
  }

  @inlinable func insert(
    _ new: KernelPointer<FrameLinks>, between previous: KernelPointer<FrameLinks>,
    and next: KernelPointer<FrameLinks>
  ) {
    new.pointee.next = next
    new.pointee.previous = previous
    next.pointee.previous = new
    previous.pointee.next = new
  }
}
