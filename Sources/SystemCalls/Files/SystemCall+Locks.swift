import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Advisory locks (fs/locks.c).
extension SystemCall {
  /// flock(fd, operation).
  func lockFile() throws(Errno) -> UInt64 {
    // LOCK_MAND, which means nothing any more.
    if word(1) & 32 != 0 { return 0 }
    let file = try readyFile(0)
    let kind: LockRequest.Kind
    switch word(1) & ~4 {
    case 1: kind = .shared
    case 2: kind = .exclusive
    case 8: kind = .none
    default: throw .EINVAL
    }
    let request = LockRequest(
      family: .whole, kind: kind, owner: file.address, pid: task.pointee.threadGroup, first: 0,
      last: LockRequest.end)
    try takeLock(request, file, waits: word(1) & 4 == 0)
    return 0
  }

  /// `struct flock`: type, whence, start, length, pid.
  private struct FlockFields: BitwiseCopyable {
    var type: Int16
    var whence: Int16
    var padding: UInt32
    var start: Int64
    var length: Int64
    var pid: Int32
    var padding2: UInt32
  }

  /// F_GETLK and F_OFD_GETLK.
  func findLock(ofOpenFile: Bool) throws(Errno) -> UInt64 {
    let file = try file(0)
    var fields = try loadLock()
    guard fields.type != 2, !ofOpenFile || fields.pid == 0 else { throw .EINVAL }
    let request = try request(fields, file, ofOpenFile)
    if let found = files.pointee.conflict(request, on: file.pointee.inode) {
      fields.type = Int16(found.kind.rawValue)
      fields.whence = 0
      fields.start = Int64(found.first)
      fields.length = found.last == LockRequest.end ? 0 : Int64(found.last &- found.first &+ 1)
      fields.pid = found.pid
    } else {
      fields.type = 2  // F_UNLCK
    }
    try space.pointee.copyOut(fields, to: address(2))
    return 0
  }

  /// F_SETLK, F_SETLKW, F_OFD_SETLK and F_OFD_SETLKW.
  func setLock(ofOpenFile: Bool, waits: Bool) throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    let fields = try loadLock()
    guard !ofOpenFile || fields.pid == 0 else { throw .EINVAL }
    let request = try request(fields, file, ofOpenFile)
    switch request.kind {
    case .shared: guard file.pointee.flags.mayRead else { throw .EBADF }
    case .exclusive: guard file.pointee.flags.mayWrite else { throw .EBADF }
    case .none: break
    }
    try takeLock(request, file, waits: waits)
    return 0
  }

  private func loadLock() throws(Errno) -> FlockFields {
    try space.pointee.copyIn(FlockFields.self, from: address(2))
  }

  /// flock64_to_posix_lock().
  private func request(
    _ fields: FlockFields, _ file: KernelPointer<OpenFile>, _ ofOpenFile: Bool
  ) throws(Errno) -> LockRequest {
    guard let kind = UInt16(exactly: fields.type).flatMap({ LockRequest.Kind(rawValue: $0) })
    else { throw .EINVAL }
    var start: Int64
    switch fields.whence {
    case 0: start = 0
    case 1: start = Int64(bitPattern: file.pointee.position)
    case 2: start = Int64(bitPattern: file.pointee.inode.pointee.size)
    default: throw .EINVAL
    }
    let (sum, overflow) = start.addingReportingOverflow(fields.start)
    guard !overflow else { throw .EOVERFLOW }
    start = sum
    guard start >= 0 else { throw .EINVAL }
    var last = Int64.max
    if fields.length > 0 {
      let (end, overflow) = start.addingReportingOverflow(fields.length &- 1)
      guard !overflow else { throw .EOVERFLOW }
      last = end
    } else if fields.length < 0 {
      let (first, overflow) = start.addingReportingOverflow(fields.length)
      guard !overflow, first >= 0 else { throw .EINVAL }
      last = start &- 1
      start = first
    }
    return LockRequest(
      family: ofOpenFile ? .openFile : .process, kind: kind,
      owner: try ofOpenFile ? file.address : table.address,
      pid: ofOpenFile ? -1 : task.pointee.threadGroup, first: UInt64(start), last: UInt64(last))
  }

  /// Takes a lock, or waits until it can be had.
  private func takeLock(
    _ request: LockRequest, _ file: KernelPointer<OpenFile>, waits: Bool
  ) throws(Errno) {
    let inode = file.pointee.inode
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    while true {
      do throws(Errno) {
        try files.pointee.lock(request, on: inode)
        return
      } catch {
        guard error == .EAGAIN, waits else { throw error }
      }
      guard let holder = files.pointee.conflict(request, on: inode) else { continue }
      var waiter = LockWaiter()
      let problem = unsafe withUnsafeMutablePointer(to: &waiter) { place -> Errno? in
        // SAFETY: the waiter is in the list only while this call lasts.
        let pointer = unsafe KernelPointer(place)
        do throws(Errno) {
          try files.pointee.beginWaiting(pointer, request, for: holder)
        } catch { return error }
        defer { files.pointee.endWaiting(pointer) }
        do throws(Errno) {
          _ = try kernel.wait(at: inode)
        } catch { return error }
        return nil
      }
      if let problem { throw problem }
    }
  }
}
