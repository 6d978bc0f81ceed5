import Arm64
import MemoryTypes
import PageFrames

/// Who waits for what: a hash table of queues, as Linux has for futexes (kernel/futex/core.c) and
/// for bits (kernel/sched/wait_bit.c); here one for everything.
///
/// A wake looks at the waiters of one bucket, never at all tasks, and wakes them in the order they
/// came.
///
///     waiter.isQueued  ⇔  it is in the bucket of its channel, once
///
/// The buckets fill a frame that is never given back. With several CPUs each bucket has a lock,
/// under which a waiter is queued after what it waits for was tested.
@safe struct WaitTable<B: Processor>: BitwiseCopyable {
  private let buckets: UnsafeMutablePointer<Bucket>
  private let shift: UInt64

  typealias Bucket = LinkedList<Waiter<B>>

  /// A table in a new frame; nil without memory.
  init?(_ frames: KernelPointer<FrameAllocator<B>>) {
    guard let frame = frames.pointee.allocate(.kernel) else { return nil }
    let board = frames.pointee.board
    let count = board.pageSize.bytes.rawValue / UInt64(MemoryLayout<Bucket>.stride)
    let memory = unsafe board.pointer(to: frames.pointee.address(of: frame))
    // SAFETY: the frame is ours for ever and holds that many.
    unsafe buckets = memory.bindMemory(to: Bucket.self, capacity: Int(count))
    unsafe buckets.initialize(repeating: Bucket(), count: Int(count))
    shift = UInt64(64 &- count.trailingZeroBitCount)
  }

  @inline(__always)
  func bucket(_ channel: WaitChannel) -> KernelPointer<Bucket> {
    let word = UInt64(channel.object) &+ channel.offset &* 5 &+ UInt64(channel.kind.rawValue)
    // Fibonacci hashing (include/linux/hash.h:hash_64()).
    let index = (word &* 0x61C8_8646_80B5_83EB) &>> shift
    // SAFETY: the index has as many bits as there are buckets.
    return unsafe KernelPointer(buckets + Int(index))
  }

  /// Queues a waiter last on a channel.
  @inline(__always)
  func add(_ waiter: KernelPointer<Waiter<B>>, to channel: WaitChannel) {
    waiter.pointee.channel = channel
    waiter.pointee.isQueued = true
    bucket(channel).pointee.append(waiter) { Waiter.links($0) }
  }

  /// Takes a waiter out.
  @inline(__always)
  func remove(_ waiter: KernelPointer<Waiter<B>>) {
    bucket(waiter.pointee.channel).pointee.remove(waiter) { Waiter.links($0) }
    waiter.pointee.isQueued = false
  }

  /// The first that waits on a channel, or the next after one that does.
  @inline(__always)
  func waiter(
    on channel: WaitChannel, after previous: KernelPointer<Waiter<B>>? = nil
  ) -> KernelPointer<Waiter<B>>? {
    var next = previous.map { $0.pointee.place.next } ?? bucket(channel).pointee.first
    while let found = next {
      if found.pointee.channel == channel { return found }
      next = found.pointee.place.next
    }
    return nil
  }
}

/// A task's place in the ``WaitTable``: part of the task, as it waits for one thing at a time, or
/// one of several in memory of their own.
@safe struct Waiter<B: Processor>: ~Copyable {
  let resident = Resident()
  /// Whose it is.
  var task: KernelPointer<Task<B>>?
  var channel = WaitChannel.none
  var isQueued = false
  /// Of a futex: which wakes it means (FUTEX_WAIT_BITSET).
  var bits: UInt32 = .max
  var place = ListLinks<Waiter<B>>()

  static func links(_ waiter: KernelPointer<Self>) -> KernelPointer<ListLinks<Self>> {
    // SAFETY: the part lies in the initialised object that `waiter` points at.
    unsafe withUnsafeMutablePointer(to: &waiter.pointee.place) { unsafe KernelPointer($0) }
  }
}
