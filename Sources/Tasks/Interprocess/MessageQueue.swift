// System V message queues (ipc/msg.c, ipc/msgutil.c).
//
// Terms
// - A *message* is bytes with a type above zero. A queue holds messages in the order they came, as
//   many bytes as it was allowed.
// - A *receiver* waits for the first message of a type, of any type, of any but one, or of the least
//   type up to one. Who sends looks among the receivers first, and hands the message over.
// - A *sender* waits for room in the queue. Who takes a message wakes the senders whose messages fit
//   now, in the order they came.
//
// Invariants
//     bytes == sum of the messages' lengths, count == their number
//     messages, bytes of all queues == sums of the queues'
//
// With several CPUs a queue has a lock, held over what one call does to it.

public import AddressSpaces
import Arm64
import KernelHeap
public import MemoryTypes

/// A message; its bytes follow it in memory (`msg_msg`).
@safe struct Message: BitwiseCopyable {
  let type: Int64
  let length: Int
  var next: KernelPointer<Message>?

  static func bytes(_ length: Int) -> ByteCount {
    ByteCount(UInt64(length &+ MemoryLayout<Message>.stride))
  }
}

/// A queue (`msg_queue`).
@safe public struct MessageQueue: IPCObject {
  public var permissions: IPCPermissions
  public var nextOfKey: KernelPointer<MessageQueue>?
  /// Seconds since 1970 of the last msgsnd, msgrcv and change; 0 for never.
  public internal(set) var sent: Int64 = 0
  public internal(set) var received: Int64 = 0
  public internal(set) var changed: Int64
  public internal(set) var bytes: UInt64 = 0
  public internal(set) var count: UInt64 = 0
  /// The most bytes, and the most messages.
  public internal(set) var limit: UInt64
  /// The processes that last sent and received.
  public internal(set) var sender: Int32 = 0
  public internal(set) var receiver: Int32 = 0
  var first: KernelPointer<Message>?
  var last: KernelPointer<Message>?
  var receivers = MessageWaiters()
  var senders = MessageWaiters()

  /// msg_fits_inqueue().
  func hasRoom(for length: Int) -> Bool {
    let (sum, overflow) = bytes.addingReportingOverflow(UInt64(length))
    return !overflow && sum <= limit && count < limit
  }
}

/// Which message a receiver wants.
public enum MessageChoice: BitwiseCopyable, Sendable {
  case any
  case type(Int64)
  case allBut(Int64)
  case upTo(Int64)

  /// msgrcv's type and MSG_EXCEPT (convert_mode()).
  public init(type: Int64, isExcept: Bool) {
    if type == 0 {
      self = .any
    } else if type < 0 {
      self = .upTo(type == .min ? .max : 0 &- type)
    } else {
      self = isExcept ? .allBut(type) : .type(type)
    }
  }

  func accepts(_ type: Int64) -> Bool {
    switch self {
    case .any: true
    case .type(let wanted): type == wanted
    case .allBut(let other): type != other
    case .upTo(let limit): type <= limit
    }
  }
}

/// A call that waits, for a message or for room.
@safe struct MessageWaiter {
  /// The thread's number.
  let thread: Int32
  let choice: MessageChoice
  /// A receiver's most, a sender's message's length.
  let length: Int
  var result: Result?
  var isQueued = false
  var next: KernelPointer<MessageWaiter>?
  var previous: KernelPointer<MessageWaiter>?

  enum Result {
    case message(KernelPointer<Message>)
    case failed(Errno)
    /// A sender's: to be tried again.
    case retry
  }
}

/// Those who wait, in the order they came.
struct MessageWaiters: BitwiseCopyable {
  private(set) var first: KernelPointer<MessageWaiter>?
  private(set) var last: KernelPointer<MessageWaiter>?

  mutating func append(_ waiter: KernelPointer<MessageWaiter>) {
    waiter.pointee.isQueued = true
    waiter.pointee.next = nil
    waiter.pointee.previous = last
    if let last { last.pointee.next = waiter } else { first = waiter }
    last = waiter
  }

  mutating func remove(_ waiter: KernelPointer<MessageWaiter>) {
    let (next, previous) = (waiter.pointee.next, waiter.pointee.previous)
    if let previous { previous.pointee.next = next } else { first = next }
    if let next { next.pointee.previous = previous } else { last = previous }
    waiter.pointee.isQueued = false
  }
}

/// All queues; comes into being with the first call.
@safe public struct MessageQueues<B: Processor>: ~Copyable {
  let resident = Resident()
  public var queues: IPCTable<MessageQueue, B>
  /// Messages, and their bytes, of all queues.
  public internal(set) var messages: UInt64 = 0
  public internal(set) var bytes: UInt64 = 0
  let queueCache: ObjectCache<MessageQueue, B>
  let waiterCache: ObjectCache<MessageWaiter, B>

  init?(_ slab: KernelPointer<SlabAllocator<B>>) {
    guard
      let leaves = slab.pointee.kmallocCache(
        of: IPCLeaf<MessageQueue>.self, .controlGroup, name: "ipc_leaf"),
      let queues = slab.pointee.kmallocCache(
        of: MessageQueue.self, .controlGroup, name: "msg_queue"),
      let waiters = slab.pointee.kmallocCache(of: MessageWaiter.self, name: "msg_waiter")
    else { return nil }
    self.queues = IPCTable(leafCache: leaves)
    queueCache = queues
    waiterCache = waiters
  }
}
