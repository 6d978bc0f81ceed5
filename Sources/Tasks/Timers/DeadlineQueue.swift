public import MemoryTypes

/// Moments that somebody waits for, the earliest first: what Linux's hrtimers hang in.
///
/// Whoever wants to be told of a moment embeds a ``Deadline`` and queues it:
///
/// ```swift
/// store.pointee.deadlines.add(timer, at: ticks)   // O(1)
/// store.pointee.deadlines.first                   // O(1): the next to come
/// store.pointee.deadlines.remove(timer)           // O(log n), amortised
/// ```
/// When a moment has come the scheduler takes its deadline out and does what its ``Deadline/Kind``
/// says (`KernelState.expireDeadlines()`); it looks at the queue whenever it runs, and the board's
/// timer interrupts a program when the first moment comes. Moments are ticks of the virtual
/// counter.
///
/// It is a pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) of links inside the objects, so
/// it needs no memory of its own:
///
///     no deadline is earlier than its parent; equal ones come out in the order they went in
///
/// With several CPUs each has a queue with a lock.
@safe public struct DeadlineQueue: ~Copyable {
  public private(set) var first: KernelPointer<Deadline>?
  public private(set) var count = 0
  private var order: UInt64 = 0

  init() {}

  /// Queues a deadline that is not queued.
  public mutating func add(_ deadline: KernelPointer<Deadline>, at moment: UInt64) {
    precondition(!deadline.pointee.isQueued)
    order &+= 1
    deadline.pointee.moment = moment
    deadline.pointee.order = order
    deadline.pointee.isQueued = true
    first = first.map { Self.merge($0, deadline) } ?? deadline
    count &+= 1
  }

  /// Takes a deadline out; nothing happens if it is not in.
  public mutating func remove(_ deadline: KernelPointer<Deadline>) {
    guard deadline.pointee.isQueued else { return }
    let below = Self.combine(deadline.pointee.child)
    if deadline == first {
      first = below
    } else {
      Self.cut(deadline)
      if let below, let top = first { first = Self.merge(top, below) }
    }
    deadline.pointee.child = nil
    deadline.pointee.isQueued = false
    count &-= 1
  }

  /// The one of two heaps that has the earlier top, the other below it.
  private static func merge(
    _ a: KernelPointer<Deadline>, _ b: KernelPointer<Deadline>
  ) -> KernelPointer<Deadline> {
    let (top, other) = b.pointee.isEarlier(than: a) ? (b, a) : (a, b)
    other.pointee.sibling = top.pointee.child
    top.pointee.child?.pointee.previous = other
    other.pointee.previous = top
    top.pointee.child = other
    return top
  }

  /// Takes a heap that is not the whole out of its parent's children.
  private static func cut(_ node: KernelPointer<Deadline>) {
    guard let previous = node.pointee.previous else { return }
    let sibling = node.pointee.sibling
    if previous.pointee.child == node {
      previous.pointee.child = sibling
    } else {
      previous.pointee.sibling = sibling
    }
    sibling?.pointee.previous = previous
    node.pointee.previous = nil
    node.pointee.sibling = nil
  }

  /// One heap of a list of siblings: pairs from the left, then all from the right.
  private static func combine(_ list: KernelPointer<Deadline>?) -> KernelPointer<Deadline>? {
    var pairs: KernelPointer<Deadline>?
    var rest = list
    while let a = rest {
      let b = a.pointee.sibling
      rest = b?.pointee.sibling
      a.pointee.sibling = nil
      a.pointee.previous = nil
      var pair = a
      if let b {
        b.pointee.sibling = nil
        b.pointee.previous = nil
        pair = merge(a, b)
      }
      pair.pointee.sibling = pairs
      pairs = pair
    }
    var result: KernelPointer<Deadline>?
    while let pair = pairs {
      pairs = pair.pointee.sibling
      pair.pointee.sibling = nil
      result = result.map { merge($0, pair) } ?? pair
    }
    return result
  }
}

/// A moment that an object waits for, and its place in the ``DeadlineQueue``; part of the object.
@safe public struct Deadline: ~Copyable {
  let resident = Resident()
  /// What is to happen at the moment.
  public enum Kind: UInt8, BitwiseCopyable, Sendable {
    /// A ``Task`` that sleeps wakes.
    case sleep
    /// A ``Process``'s ITIMER_REAL sends SIGALRM.
    case realTimer
    /// A ``Process`` may have used up a timer on executed time.
    case cpuTimers
    /// A ``PosixTimer`` expires.
    case posixTimer
    /// The timer of a ``TaskFile`` expires.
    case timerFile
    /// The memory of a ``Process`` that was killed for its memory is taken.
    case reaper
    /// A sample of memory is due.
    case timeline
  }

  public let kind: Kind
  /// The address of the object that it is part of.
  public internal(set) var object: UInt
  /// When, in ticks of the virtual counter.
  public internal(set) var moment: UInt64 = 0
  public internal(set) var isQueued = false
  /// Which of equal moments was queued first.
  fileprivate var order: UInt64 = 0
  fileprivate var child: KernelPointer<Deadline>?
  fileprivate var sibling: KernelPointer<Deadline>?
  /// The sibling before it; the parent, of the first child.
  fileprivate var previous: KernelPointer<Deadline>?

  public init(_ kind: Kind, object: UInt = 0) {
    self.kind = kind
    self.object = object
  }

  fileprivate func isEarlier(than other: KernelPointer<Deadline>) -> Bool {
    (moment, order) < (other.pointee.moment, other.pointee.order)
  }
}

extension DeadlineQueue {
  /// Ends the process unless the heap is one: for tests.
  func checkInvariants() {
    var found = 0
    var node = first
    precondition(first?.pointee.previous == nil && first?.pointee.sibling == nil)
    while let here = node {
      found &+= 1
      precondition(here.pointee.isQueued)
      if let child = here.pointee.child {
        precondition(child.pointee.previous == here)
      }
      var child = here.pointee.child
      while let below = child {
        precondition(here.pointee.isEarlier(than: below))
        if let next = below.pointee.sibling { precondition(next.pointee.previous == below) }
        child = below.pointee.sibling
      }
      node = here.pointee.child ?? Self.after(here)
    }
    precondition(found == count)
  }

  /// The node after one and all below it.
  private static func after(_ node: KernelPointer<Deadline>) -> KernelPointer<Deadline>? {
    var node = node
    while true {
      if let next = node.pointee.sibling { return next }
      // Back to the first of the siblings, whose previous is the parent.
      while let previous = node.pointee.previous, previous.pointee.child != node { node = previous }
      guard let parent = node.pointee.previous else { return nil }
      node = parent
    }
  }
}
