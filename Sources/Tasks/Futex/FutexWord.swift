// Futexes: waiting for a word of a program's memory to change (kernel/futex/).
//
// Terms
// - A *futex* is any aligned word of a program. The kernel knows nothing of it but who waits: a
//   waiter says which value it expects there, so that it does not sleep when the word has changed
//   before it came, and a waker says how many to wake.
// - A *private* futex is known by its space and address. A *shared* one by what holds the page: the
//   file or the shared memory and the offset in it, so that it is the same word for every process
//   that maps it, at whatever address; if the page is private memory after all, as a private one.
// - *Bits*: waiters and wakers may name sets of 32 kinds; a wake means those that it shares a bit
//   with.
// - *Requeue* moves waiters from one word to another without waking them: a broadcast of a condition
//   variable moves them to its mutex.
// - A *robust list* is the list, in the program's memory, of the locks that a thread holds. When the
//   thread ends the kernel marks each as ownerless and wakes a waiter. The list is the program's, so
//   its length is bounded and every step may fail.
// - Priority inheritance is not there: those operations answer ENOSYS.
//
// Invariant: a waiter is queued, and the word tested, without anything between that could change
// the word: one CPU, and the kernel is not interrupted. With several CPUs the bucket's lock is held
// over both (kernel/futex/waitwake.c: the comment at its head says why).

import AddressSpaces
import Arm64
import MemoryTypes

/// A word that may be waited at, as a system call names it.
public struct FutexWord: BitwiseCopyable, Sendable {
  public var address: UInt64
  public var isShared: Bool

  public init(_ address: UInt64, isShared: Bool) {
    self.address = address
    self.isShared = isShared
  }
}

extension KernelState {
  /// The channel of a word (get_futex_key()).
  @inline(__always)
  func channel(
    of word: FutexWord, writes: Bool = false
  ) throws(Errno) -> WaitChannel {
    guard word.address & 3 == 0 else { throw .EINVAL }
    guard let space = current.pointee.memory.space,
      word.address < space.pointee.taskSize.rawValue
    else { throw .EFAULT }
    guard word.isShared else {
      return WaitChannel(kind: .futex, object: space.address, offset: word.address)
    }
    let key = try space.pointee.sharedWord(at: VirtualAddress(word.address), writes: writes)
    return WaitChannel(kind: .futex, object: key.object, offset: key.offset)
  }

  /// The value of a word (futex_get_value_locked()).
  @inline(__always)
  func value(of word: FutexWord) throws(Errno) -> UInt32 {
    guard let space = current.pointee.memory.space else { throw .EFAULT }
    return try space.pointee.copyIn(UInt32.self, from: VirtualAddress(word.address))
  }
}
