/// Where an object stands in a ``LinkedList``: its neighbours; part of the object.
public struct ListLinks<Node: ~Copyable>: BitwiseCopyable {
  public internal(set) var next: KernelPointer<Node>?
  public internal(set) var previous: KernelPointer<Node>?

  public init() {}
}

/// A list that runs through its objects (include/linux/list.h): it needs no memory of its own, and
/// an object is put in or taken out in O(1), from anywhere.
///
/// An object may stand in several lists by several links, so every change names the links that it
/// means:
///
/// ```swift
/// process.pointee.threads.append(task) { Task.threadLinks($0) }
/// process.pointee.threads.remove(task) { Task.threadLinks($0) }
/// ```
///
///     first.previous == nil, last.next == nil; a.next == b  ⇔  b.previous == a
///     first == nil  ⇔  last == nil
///
/// Whoever owns the list says what guards it.
public struct LinkedList<Node: ~Copyable>: BitwiseCopyable {
  public typealias Pointer = KernelPointer<Node>

  public private(set) var first: Pointer?
  public private(set) var last: Pointer?

  public init() {}

  /// Puts an object that is not in the list behind all others.
  @inline(__always)
  public mutating func append(
    _ node: Pointer, _ links: (Pointer) -> KernelPointer<ListLinks<Node>>
  ) {
    links(node).pointee.next = nil
    links(node).pointee.previous = last
    if let last { links(last).pointee.next = node } else { first = node }
    last = node
  }

  /// Puts an object that is not in the list before all others.
  @inline(__always)
  public mutating func prepend(
    _ node: Pointer, _ links: (Pointer) -> KernelPointer<ListLinks<Node>>
  ) {
    links(node).pointee.previous = nil
    links(node).pointee.next = first
    if let first { links(first).pointee.previous = node } else { last = node }
    first = node
  }

  /// Takes an object out; it has no neighbours then.
  @inline(__always)
  public mutating func remove(
    _ node: Pointer, _ links: (Pointer) -> KernelPointer<ListLinks<Node>>
  ) {
    let next = links(node).pointee.next
    let previous = links(node).pointee.previous
    if let previous { links(previous).pointee.next = next } else { first = next }
    if let next { links(next).pointee.previous = previous } else { last = previous }
    links(node).pointee = ListLinks()
  }
}
