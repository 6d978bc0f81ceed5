import AddressSpaces
import Arm64
public import MemoryTypes

/// The tables that a kernel thread leaves in TTBR0 while it runs.
public struct BorrowedTables: BitwiseCopyable, Sendable {
  public var tables: PhysicalAddress
  public var asid: ASID
}

/// Whose tables the user half is translated by (Linux's `active_mm`, kernel/sched/core.c:
/// context_switch()).
///
/// A kernel thread has no address space and needs none, since the kernel half is the same in all.
/// It leaves the tables that it finds and borrows their space: no switch, no lost TLB entries. When
/// the next program runs in the same space, as threads of a process do, nothing is to be done
/// either.
///
///     loadedSpace == the space whose tables TTBR0 holds; nil: the empty tables
///     a task without space borrows loadedSpace while it runs
///
/// On one CPU a borrowed space cannot go away: its last user leaves it only while that user runs,
/// and takes its tables out of TTBR0 first. With several CPUs a borrower would hold a count of its
/// own, as Linux's `mm_count` is.
extension KernelState {
  /// Lets the user half be translated by a space's tables.
  @inline(__always)
  func load(_ space: KernelPointer<AddressSpace<B>>) {
    let (tables, asid) = space.pointee.activation()
    board.activate(root: tables, asid: asid)
    store.pointee.loadedSpace = space
  }

  /// A task without space gets the CPU: the tables stay as they are (enter_lazy_tlb()).
  func borrowSpace(_ task: KernelPointer<Task<B>>) {
    task.pointee.borrowed = store.pointee.loadedSpace.map {
      let (tables, asid) = $0.pointee.translation
      return BorrowedTables(tables: tables, asid: asid)
    }
  }

  /// Lets the user half be translated by nothing.
  func unloadSpace() {
    board.deactivateUserHalf()
    store.pointee.loadedSpace = nil
  }
}
