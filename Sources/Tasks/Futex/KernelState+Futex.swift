import AddressSpaces
import Arm64
public import MemoryTypes

/// Waiting at words, waking, and moving waiters (kernel/futex/waitwake.c, requeue.c).
extension KernelState {
  /// Waits until the word is woken, unless it does not hold `value` (futex_wait()).
  ///
  /// EAGAIN if it does not, ETIMEDOUT when the moment has come, ERESTARTSYS if
  /// a signal has.
  public func wait(
    at word: FutexWord, holding value: UInt32, until moment: UInt64?, bits: UInt32
  ) throws(Errno) {
    guard bits != 0 else { throw .EINVAL }
    let waiter = Task.waiterPointer(current)
    while true {
      let channel = try channel(of: word)
      guard try self.value(of: word) == value else { throw .EAGAIN }
      waiter.pointee.bits = bits
      // The word is looked at before each sleep, never after one: who was not woken says why.
      if !isOver(moment), !hasSignal {
        store.pointee.waiters.add(waiter, to: channel)
        if sleep(until: moment) { return }
      }
      if isOver(moment) { throw .ETIMEDOUT }
      if hasSignal { throw .ERESTARTSYS }
    }
  }

  private func isOver(_ moment: UInt64?) -> Bool {
    guard let moment else { return false }
    return board.clock.ticks >= moment
  }

  /// Wakes at most `count` waiters, but one if there is any (futex_wake()); how many.
  public func wake(
    at word: FutexWord, count: Int32, bits: UInt32
  ) throws(Errno) -> Int {
    guard bits != 0 else { throw .EINVAL }
    return wake(on: try channel(of: word), count: count, bits: bits)
  }

  private func wake(on channel: WaitChannel, count: Int32, bits: UInt32 = .max) -> Int {
    var woken = 0
    var next = store.pointee.waiters.waiter(on: channel)
    while let waiter = next {
      next = store.pointee.waiters.waiter(on: channel, after: waiter)
      guard waiter.pointee.bits & bits != 0 else { continue }
      wake(waiter)
      woken &+= 1
      if woken >= Int(count) { break }
    }
    return woken
  }

  /// Wakes some waiters of one word and lets others wait at another word (futex_requeue()); how
  /// many in all.
  ///
  /// EAGAIN if the word does not hold `value`, where one is given.
  public func requeue(
    from word: FutexWord, to target: FutexWord, wake wakeCount: Int32, move moveCount: Int32,
    ifHolding value: UInt32?
  ) throws(Errno) -> Int {
    guard wakeCount >= 0, moveCount >= 0 else { throw .EINVAL }
    let channel = try channel(of: word)
    let other = try self.channel(of: target)
    if let value {
      guard try self.value(of: word) == value else { throw .EAGAIN }
    }
    let waiters = store.pointee.waiters
    let isSameBucket = waiters.bucket(channel) == waiters.bucket(other)
    var done = 0
    var next = waiters.waiter(on: channel)
    while let waiter = next, done &- Int(wakeCount) < Int(moveCount) {
      next = waiters.waiter(on: channel, after: waiter)
      done &+= 1
      if done <= Int(wakeCount) {
        wake(waiter)
      } else if isSameBucket {
        // In place: at the end it would be met again (requeue_futex()).
        waiter.pointee.channel = other
      } else {
        waiters.remove(waiter)
        waiters.add(waiter, to: other)
      }
    }
    return done
  }

  /// Changes the second word, wakes waiters of the first, and those of the second if its old value
  /// compares as asked (futex_wake_op()); how many in all.
  public func wake(
    at word: FutexWord, count: Int32, and second: FutexWord, count secondCount: Int32,
    by operation: FutexOperation
  ) throws(Errno) -> Int {
    let channel = try channel(of: word)
    let other = try self.channel(of: second, writes: true)
    guard let space = current.pointee.memory.space else { throw .EFAULT }
    guard operation.isKnown else { throw .ENOSYS }
    let old = try space.pointee.exchangeWord(at: VirtualAddress(second.address)) {
      operation.applied(to: $0)
    }
    guard let holds = operation.compares(old) else { throw .ENOSYS }
    var woken = wake(on: channel, count: count)
    if holds { woken &+= wake(on: other, count: secondCount) }
    return woken
  }
}

/// What FUTEX_WAKE_OP does to the second word and asks of its old value (futex_atomic_op_inuser()).
public struct FutexOperation: BitwiseCopyable, Sendable {
  private let code: UInt32
  private let comparison: UInt32
  private let argument: UInt32
  private let compared: Int32

  /// From the word that encodes it: four bits each of operation and comparison, twelve each of
  /// their arguments, which are signed.
  public init(_ encoded: UInt32) {
    code = encoded &>> 28 & 7
    comparison = encoded &>> 24 & 15
    func signed(_ field: UInt32) -> Int32 { Int32(bitPattern: field &<< 20) &>> 20 }
    let value = UInt32(bitPattern: signed(encoded &>> 12 & 0xfff))
    // FUTEX_OP_OPARG_SHIFT: the argument is a bit's number.
    argument = encoded &>> 31 != 0 ? 1 &<< (value & 31) : value
    compared = signed(encoded & 0xfff)
  }

  var isKnown: Bool { code <= 4 }

  /// Set, add, or, and-not, exclusive or.
  func applied(to old: UInt32) -> UInt32 {
    switch code {
    case 0: argument
    case 1: old &+ argument
    case 2: old | argument
    case 3: old & ~argument
    default: old ^ argument
    }
  }

  /// Equal, not equal, less, less or equal, greater, greater or equal, as signed numbers; nil for
  /// a comparison that there is not.
  ///
  /// The order is that of FUTEX_OP_CMP_*.
  func compares(_ old: UInt32) -> Bool? {
    let old = Int32(bitPattern: old)
    return switch comparison {
    case 0: old == compared
    case 1: old != compared
    case 2: old < compared
    case 3: old <= compared
    case 4: old > compared
    case 5: old >= compared
    default: nil
    }
  }
}
