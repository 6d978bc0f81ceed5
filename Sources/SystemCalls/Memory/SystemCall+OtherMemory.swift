import AddressSpaces
import Arm64
import Files
import MemoryTypes
import PageFrames
import Tasks

/// Another process's memory (mm/process_vm_access.c).
extension SystemCall {
  /// A vector of pieces of memory in the caller's space, `struct iovec`.
  struct PieceVector {
    let place: VirtualAddress
    let count: UInt64

    /// UIO_MAXIOV.
    static var longest: UInt64 { 1024 }
  }

  /// One piece of a vector.
  func piece(
    _ index: UInt64, of vector: PieceVector
  ) throws(Errno) -> (start: VirtualAddress, length: UInt64) {
    let entry = vector.place + ByteCount(index &* 16)
    return (
      VirtualAddress(try space.pointee.copyIn(UInt64.self, from: entry)),
      try space.pointee.copyIn(UInt64.self, from: entry + ByteCount(8))
    )
  }

  /// process_vm_readv and process_vm_writev(pid, local, count, remote, count, flags).
  @inline(never)
  func transferMemory(writes: Bool) throws(Errno) -> UInt64 {
    guard argument(5) == 0 else { throw .EINVAL }
    let local = PieceVector(place: address(1), count: argument(2))
    let remote = PieceVector(place: address(3), count: argument(4))
    let total = try checkPieces(local)
    guard total > 0 else { return 0 }
    guard remote.count <= PieceVector.longest else { throw .EINVAL }
    var isEmpty = true
    for index in 0..<remote.count {
      let length = try piece(index, of: remote).length
      guard length &>> 63 == 0 else { throw .EINVAL }
      if length != 0 { isEmpty = false }
    }
    if isEmpty { return 0 }
    let other = try accessibleSpace(of: int(0))
    other.pointee.retain()
    defer { AddressSpace.release(other) }
    guard let frame = kernel.frames.pointee.allocate(.kernel) else { throw .ENOMEM }
    defer { kernel.frames.pointee.free(frame) }
    var transfer = MemoryTransfer(
      mine: space, other: other, frame: frame, board: kernel.board, left: total)
    var localIndex: UInt64 = 0
    var localPiece: (start: VirtualAddress, length: UInt64) = (VirtualAddress(0), 0)
    var failure: Errno?
    for index in 0..<remote.count where failure == nil && transfer.left > 0 {
      var (there, length) = try piece(index, of: remote)
      while length > 0, transfer.left > 0, failure == nil {
        while localPiece.length == 0, localIndex < local.count {
          localPiece = try piece(localIndex, of: local)
          localIndex &+= 1
        }
        // The transfer may have overwritten the vector itself: then there is less than was counted.
        guard localPiece.length > 0 else { return total &- transfer.left }
        let (moved, error) = transfer.move(
          there, localPiece.start, min(length, localPiece.length), writes: writes)
        failure = error
        there += ByteCount(moved)
        length &-= moved
        localPiece.start += ByteCount(moved)
        localPiece.length &-= moved
      }
    }
    let done = total &- transfer.left
    if done == 0, let failure { throw failure }
    return done
  }

  /// import_iovec(): every piece is looked at before anything is done; the sum of lengths.
  func checkPieces(_ vector: PieceVector) throws(Errno) -> UInt64 {
    guard vector.count <= PieceVector.longest else { throw .EINVAL }
    let most = 0x7fff_ffff & ~kernel.board.pageSize.offsetMask
    var total: UInt64 = 0
    for index in 0..<vector.count {
      let (start, length) = try piece(index, of: vector)
      guard length &>> 63 == 0 else { throw .EINVAL }
      try checkRange(start, length)
      total &+= min(length, most &- total)
    }
    return total
  }

  /// The memory of a process that the caller may look into (mm_access(),
  /// kernel/ptrace.c:__ptrace_may_access()).
  func accessibleSpace(of process: Int32) throws(Errno) -> KernelPointer<AddressSpace<B>> {
    guard let target = kernel.task(process) else { throw .ESRCH }
    guard let other = target.pointee.memory.space else {
      // Process 1 runs no program here; on Linux it does, root's, which strangers are kept from.
      throw process == 1 && !task.pointee.memory.isPrivileged ? .EPERM : .ESRCH
    }
    try checkInspection(of: target)
    return other
  }

  /// Whether the caller may look into a task (`__ptrace_may_access()`).
  func checkInspection(of target: KernelPointer<Task<B>>) throws(Errno) {
    guard target.pointee.memory.space != space, !task.pointee.memory.isPrivileged else { return }
    let own = task.pointee.credentials
    let its = target.pointee.credentials
    guard
      own.user == its.user, own.user == its.effectiveUser, own.user == its.savedUser,
      own.group == its.group, own.group == its.effectiveGroup, own.group == its.savedGroup
    else { throw .EPERM }
  }
}

/// Bytes on their way between two spaces, by way of a frame of the kernel's: neither is ever
/// reached while the other one is.
private struct MemoryTransfer<B: Processor> {
  let mine: KernelPointer<AddressSpace<B>>
  let other: KernelPointer<AddressSpace<B>>
  let frame: PageFrameNumber
  let board: B
  var left: UInt64

  /// Moves bytes; how many came through, and what stopped the rest.
  mutating func move(
    _ there: VirtualAddress, _ here: VirtualAddress, _ count: UInt64, writes: Bool
  ) -> (moved: UInt64, Errno?) {
    var done: UInt64 = 0
    while done < count, left > 0 {
      // Never across a page of either, so that a failure is known to the byte.
      let (a, b) = (there + ByteCount(done), here + ByteCount(done))
      let rest =
        board.pageSize.bytes.rawValue
        &- max(a.offset(in: board.pageSize).rawValue, b.offset(in: board.pageSize).rawValue)
      let part = min(min(count &- done, left), rest)
      // SAFETY: a page of our own, and no more than a page.
      let buffer = unsafe board.pointer(to: frame.address(board.pageSize))
      do throws(Errno) {
        guard other.pointee.isOpen(at: a, toWrites: writes) else { throw .EFAULT }
        if writes {
          try unsafe mine.pointee.copyIn(b, to: buffer, Int(part))
          try unsafe other.pointee.copyOut(buffer, to: a, Int(part))
        } else {
          try unsafe other.pointee.copyIn(a, to: buffer, Int(part))
          try unsafe mine.pointee.copyOut(buffer, to: b, Int(part))
        }
      } catch {
        return (done, error)
      }
      done &+= part
      left &-= part
    }
    return (done, nil)
  }
}
