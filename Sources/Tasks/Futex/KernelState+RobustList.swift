import AddressSpaces
import Arm64
import KernelLayout
import MemoryTypes

/// What a thread that leaves its memory owes those who wait for it (kernel/futex/core.c:
/// futex_exit_release(), kernel/fork.c:mm_release()).
extension KernelState {
  /// The most locks that are looked at (ROBUST_LIST_LIMIT): the list may be endless.
  private static var robustListLimit: Int { 2048 }

  /// Marks the locks that the current thread holds, then stores the zero that it was asked for,
  /// waking a waiter of each.
  func leaveWords(of space: KernelPointer<AddressSpace<B>>) {
    let task = current
    if task.pointee.robustList != 0 {
      releaseRobustList(VirtualAddress(task.pointee.robustList), space)
      task.pointee.robustList = 0
    }
    let place = task.pointee.clearOnExit
    guard place != 0 else { return }
    task.pointee.clearOnExit = 0
    // Nobody is left to see it otherwise.
    guard space.pointee.users > 1 else { return }
    try? space.pointee.copyOut(UInt32(0), to: VirtualAddress(place))
    _ = try? wake(at: FutexWord(place, isShared: true), count: 1, bits: .max)
  }

  /// Walks the list (exit_robust_list()); what cannot be read ends it.
  ///
  /// The head is three words: the first entry, the offset of the lock's word from an entry, and an
  /// entry that is being added or removed. Bit 0 of a link says that the lock inherits priority.
  private func releaseRobustList(
    _ head: VirtualAddress, _ space: KernelPointer<AddressSpace<B>>
  ) {
    do throws(Errno) {
      var link = try pointer(0, at: head, space)
      let offset = try pointer(1, at: head, space)
      let pending = try pointer(2, at: head, space)
      var left = Self.robustListLimit
      while link & ~1 != head.rawValue && left > 0 {
        let entry = link & ~1
        var next: UInt64?
        do throws(Errno) {
          next = try pointer(0, at: VirtualAddress(entry), space)
        } catch {}
        if entry != pending & ~1 {
          try releaseLock(entry &+ offset, inherits: link & 1 != 0, isPending: false, space)
        }
        guard let next else { return }
        link = next
        left &-= 1
      }
      if pending & ~1 != 0 {
        try releaseLock(
          (pending & ~1) &+ offset, inherits: pending & 1 != 0, isPending: true, space)
      }
    } catch {}
  }

  /// A word of a list: 32 bits of a 32-bit program's (compat_exit_robust_list()).
  private func pointer(
    _ index: UInt64, at place: VirtualAddress, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) -> UInt64 {
    guard space.pointee.user.isCompat else {
      return try space.pointee.copyIn(UInt64.self, from: place + ByteCount(index &* 8))
    }
    return UInt64(try space.pointee.copyIn(UInt32.self, from: place + ByteCount(index &* 4)))
  }

  /// Marks one lock if the current thread owns it, and wakes a waiter (handle_futex_death()).
  private func releaseLock(
    _ address: UInt64, inherits: Bool, isPending: Bool, _ space: KernelPointer<AddressSpace<B>>
  ) throws(Errno) {
    let waiters: UInt32 = 0x8000_0000
    let ownerDied: UInt32 = 0x4000_0000
    // The offset of a 32-bit program may be negative.
    let address = space.pointee.user.isCompat ? address & 0xffff_ffff : address
    let place = VirtualAddress(address)
    guard address & 3 == 0 else { throw .EINVAL }
    let value = try space.pointee.copyIn(UInt32.self, from: place)
    let owner = value & 0x3fff_ffff
    if owner != UInt32(bitPattern: current.pointee.pid) {
      // It may have died between giving the lock up and waking the next.
      if isPending && !inherits && (owner == 0 || value & waiters == 0) { wakeOne(address) }
      return
    }
    _ = try space.pointee.exchangeWord(at: place) { _ in value & waiters | ownerDied }
    if !inherits && value & waiters != 0 { wakeOne(address) }
  }

  private func wakeOne(_ address: UInt64) {
    _ = try? wake(at: FutexWord(address, isShared: true), count: 1, bits: .max)
  }
}
