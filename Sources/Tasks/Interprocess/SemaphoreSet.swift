// System V semaphores (ipc/sem.c).
//
// Terms
// - A *set* has up to 32000 *semaphores*, each a value from 0 to 32767. A call changes several of a
//   set at once, or waits until it can: all of it happens or nothing.
// - A *waiter* is a call that waits. Whoever changes a set looks whether waiters can go on, does
//   their operations for them and wakes them: first those that wait for zeros, then those that
//   change values, the eldest first. A waiter remembers which of its operations it waits for.
// - *Undo*: what a process takes with SEM_UNDO it gives back when it ends. An *adjustment* for each
//   semaphore of a set is kept in its *undo list*, which threads share.
//
// Invariants
//     waiters of a set == calls that sleep on it, in the order they came
//     every undo entry is in its list and in its set, and goes with the first of the two
//     usedSemaphores == sum of the sets' counts
//
// With several CPUs a set has a lock, held over a call's operations and the wakes that follow.

public import AddressSpaces
import Arm64
import KernelHeap
public import MemoryTypes

/// A semaphore (`struct sem`).
public struct Semaphore: BitwiseCopyable {
  public internal(set) var value: Int32 = 0
  /// The process that last changed it.
  public internal(set) var process: Int32 = 0
}

/// A set (`sem_array`).
@safe public struct SemaphoreSet: IPCObject {
  public var permissions: IPCPermissions
  public var nextOfKey: KernelPointer<SemaphoreSet>?
  public let count: Int
  /// `count` of them, in memory of their own.
  let values: UnsafeMutablePointer<Semaphore>
  /// Seconds since 1970; 0 for never.
  public internal(set) var operated: Int64 = 0
  public internal(set) var changed: Int64
  var firstWaiter: KernelPointer<SemaphoreWaiter>?
  var lastWaiter: KernelPointer<SemaphoreWaiter>?
  /// Waiters with more than one operation (`complex_count`).
  var complexWaiters = 0
  var firstUndo: KernelPointer<UndoEntry>?

  /// SEMVMX, SEMAEM.
  static var maximum: Int32 { 32767 }

  /// A semaphore; the caller has compared the number with `count`.
  public subscript(_ number: Int) -> KernelPointer<Semaphore> {
    // SAFETY: callers' numbers lie below `count`.
    unsafe KernelPointer(values + number)
  }
}

/// One operation of a call (`struct sembuf`).
public struct SemaphoreOperation: BitwiseCopyable, Sendable {
  public var number: UInt16
  public var change: Int16
  public var flags: Int16

  var waits: Bool { flags & 0o4000 == 0 }
  var undoes: Bool { flags & 0x1000 != 0 }
}

/// The operations of one call.
@safe public struct SemaphoreOperations: BitwiseCopyable {
  public let start: UnsafePointer<SemaphoreOperation>
  public let count: Int

  /// Operations that stay where they are while the call goes on.
  @unsafe public init(_ start: UnsafePointer<SemaphoreOperation>, count: Int) {
    unsafe self.start = start
    self.count = count
  }

  subscript(_ index: Int) -> SemaphoreOperation {
    // SAFETY: indices lie below `count`.
    unsafe start[index]
  }

  /// Whether any changes a value; one that does not waits for zeros alone.
  var alters: Bool { (0..<count).contains { self[$0].change != 0 } }
  var undoes: Bool { (0..<count).contains { self[$0].undoes } }
  var highest: Int { (0..<count).reduce(0) { max($0, Int(self[$1].number)) } }
}

/// A call that waits (`sem_queue`).
@safe struct SemaphoreWaiter {
  let operations: SemaphoreOperations
  let undo: KernelPointer<UndoEntry>?
  let process: Int32
  /// Which operation cannot be done yet.
  var blocking: Int
  let alters: Bool
  /// How the call has ended; nil while it waits.
  var result: SemaphoreResult?
  var next: KernelPointer<SemaphoreWaiter>?
  var previous: KernelPointer<SemaphoreWaiter>?
}

enum SemaphoreResult {
  case done
  case failed(Errno)
  /// The operation of this number must wait.
  case blocked(Int)
}

/// Adjustments to one set (`sem_undo`).
@safe struct UndoEntry: BitwiseCopyable {
  let set: KernelPointer<SemaphoreSet>
  let list: KernelPointer<UndoList>
  let adjustments: UnsafeMutablePointer<Int16>
  let count: Int
  var nextOfList: KernelPointer<UndoEntry>?
  var nextOfSet: KernelPointer<UndoEntry>?

  subscript(_ number: Int) -> Int16 {
    // SAFETY (both): callers' numbers lie below the count of the set's semaphores.
    get { unsafe adjustments[number] }
    nonmutating set { unsafe adjustments[number] = newValue }
  }
}

/// What a process, or all that share it (CLONE_SYSVSEM), undoes at the end (`sem_undo_list`).
struct UndoList: BitwiseCopyable {
  var references = 1
  var first: KernelPointer<UndoEntry>?
}

/// All sets; comes into being with the first call.
@safe public struct SemaphoreSets<B: Processor>: ~Copyable {
  let resident = Resident()
  public var sets: IPCTable<SemaphoreSet, B>
  /// All semaphores of all sets (`used_sems`).
  public internal(set) var usedSemaphores = 0
  let setCache: ObjectCache<SemaphoreSet, B>
  let waiterCache: ObjectCache<SemaphoreWaiter, B>
  let entryCache: ObjectCache<UndoEntry, B>

  init?(_ slab: KernelPointer<SlabAllocator<B>>) {
    guard
      let leaves = slab.pointee.kmallocCache(
        of: IPCLeaf<SemaphoreSet>.self, .controlGroup, name: "ipc_leaf"),
      let sets = slab.pointee.kmallocCache(
        of: SemaphoreSet.self, .controlGroup, name: "sem_array"),
      let waiters = slab.pointee.kmallocCache(of: SemaphoreWaiter.self, name: "sem_queue"),
      let entries = slab.pointee.kmallocCache(
        of: UndoEntry.self, .controlGroup, name: "sem_undo")
    else { return nil }
    self.sets = IPCTable(leafCache: leaves)
    setCache = sets
    waiterCache = waiters
    entryCache = entries
  }
}
