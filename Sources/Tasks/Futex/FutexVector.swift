import AddressSpaces
import Arm64
public import MemoryTypes
import PageFrames

/// One of several words that a call waits at, with what it must hold.
public struct FutexCondition: BitwiseCopyable, Sendable {
  public var word: FutexWord
  public var value: UInt32

  public init(_ word: FutexWord, value: UInt32) {
    self.word = word
    self.value = value
  }
}

/// A waiter at one of several words, in a frame.
@safe private struct VectorEntry<B: Processor>: ~Copyable {
  var waiter = Waiter<B>()
  var condition: FutexCondition

  init(_ condition: FutexCondition, _ task: KernelPointer<Task<B>>) {
    self.condition = condition
    waiter.task = task
  }
}

/// Frames with waiters, as long as one call takes.
private struct FutexVector: BitwiseCopyable {
  var frames: InlineArray<4, PageFrameNumber?> = .init(repeating: nil)
  var count = 0
}

/// Waiting at several words at once (kernel/futex/waitwake.c:futex_wait_multiple()).
extension KernelState {
  /// FUTEX_WAITV_MAX.
  public static var maximumConditions: Int { 128 }

  /// Waits until one of several words is woken; the place among them of the last that was.
  ///
  /// EAGAIN if one does not hold its value, ETIMEDOUT when the moment has come, ERESTARTSYS if a
  /// signal has. The conditions are asked for once, in their order.
  public func wait(
    atAny count: Int, until moment: UInt64?,
    _ condition: (Int) throws(Errno) -> FutexCondition
  ) throws(Errno) -> Int {
    var vector = FutexVector()
    defer { free(vector) }
    while vector.count < count {
      let condition = try condition(vector.count)
      try append(condition, to: &vector)
    }
    while true {
      if let woken = try queue(vector) { return woken }
      let isLate = moment.map { board.clock.ticks >= $0 } ?? false
      if !isLate && !hasSignal { sleep(until: moment) }
      if let woken = unqueue(count, of: vector) { return woken }
      if let moment, board.clock.ticks >= moment { throw .ETIMEDOUT }
      if hasSignal { throw .ERESTARTSYS }
    }
  }

  /// Tests all words and waits at them (futex_wait_multiple_setup()).
  private func queue(_ vector: FutexVector) throws(Errno) -> Int? {
    // All keys are found before anything is tested: an address that is none is said first.
    for index in 0..<vector.count {
      _ = try channel(of: entry(index, of: vector).pointee.condition.word)
    }
    var queued = 0
    do throws(Errno) {
      while queued < vector.count {
        let condition = entry(queued, of: vector).pointee.condition
        guard try value(of: condition.word) == condition.value else { throw .EAGAIN }
        store.pointee.waiters.add(
          waiter(queued, of: vector), to: try channel(of: condition.word))
        queued &+= 1
      }
      return nil
    } catch {
      if let woken = unqueue(queued, of: vector) { return woken }
      throw error
    }
  }

  /// Takes the first waiters out of their queues; the last that a wake took out before
  /// (unqueue_multiple()).
  private func unqueue(_ count: Int, of vector: FutexVector) -> Int? {
    var woken: Int?
    for index in 0..<count {
      let waiter = waiter(index, of: vector)
      if waiter.pointee.isQueued { store.pointee.waiters.remove(waiter) } else { woken = index }
    }
    return woken
  }

  private var entriesInFrame: Int {
    Int(truncatingIfNeeded: board.pageSize.bytes.rawValue) / MemoryLayout<VectorEntry<B>>.stride
  }

  private func append(
    _ condition: FutexCondition, to vector: inout FutexVector
  ) throws(Errno) {
    let which = vector.count / entriesInFrame
    guard which < vector.frames.count else { throw .ENOMEM }
    if vector.frames[which] == nil {
      guard let frame = memory.pointee.frames.pointee.allocate(.kernel) else { throw .ENOMEM }
      vector.frames[which] = frame
    }
    let place = unsafe slot(vector.count, of: vector)
    unsafe place.initialize(to: VectorEntry(condition, current))
    vector.count &+= 1
  }

  private func free(_ vector: FutexVector) {
    for index in 0..<vector.frames.count {
      if let frame = vector.frames[index] { memory.pointee.frames.pointee.free(frame) }
    }
  }

  private func slot(
    _ index: Int, of vector: FutexVector
  ) -> UnsafeMutablePointer<VectorEntry<B>> {
    let frame = vector.frames[index / entriesInFrame] ?? PageFrameNumber(0)
    // SAFETY: `append` has made the frame of every place that is asked for.
    let base = unsafe board.pointer(to: memory.pointee.frames.pointee.address(of: frame))
    return unsafe base.assumingMemoryBound(to: VectorEntry<B>.self) + index % entriesInFrame
  }

  private func entry(
    _ index: Int, of vector: FutexVector
  ) -> KernelPointer<VectorEntry<B>> {
    unsafe KernelPointer(slot(index, of: vector))
  }

  private func waiter(
    _ index: Int, of vector: FutexVector
  ) -> KernelPointer<Waiter<B>> {
    // SAFETY: a part of the entry, which stays where it is as long as its frame.
    unsafe withUnsafeMutablePointer(to: &slot(index, of: vector).pointee.waiter) {
      unsafe KernelPointer($0)
    }
  }
}
