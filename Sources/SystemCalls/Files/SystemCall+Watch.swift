import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// eventfd and epoll (fs/eventfd.c, fs/eventpoll.c).
extension SystemCall {
  /// Gives a new open file the lowest free number.
  func install(
    _ file: KernelPointer<OpenFile>, closeOnExec: Bool
  ) throws(Errno) -> UInt64 {
    try files.pointee.install(
      file, in: table, limit: task.pointee.process.pointee.limits[.openFiles].soft,
      closeOnExec: closeOnExec)
  }

  /// eventfd2(value, flags).
  func makeEventCounter() throws(Errno) -> UInt64 {
    let flags = OpenFlags(rawValue: word(1) & ~1)
    guard flags.subtracting([.nonBlocking, .closeOnExec]).isEmpty else { throw .EINVAL }
    return try install(
      files.pointee.makeEventCounter(word(0), isSemaphore: word(1) & 1 != 0, flags),
      closeOnExec: flags.contains(.closeOnExec))
  }

  /// epoll_create1(flags).
  func makeWatcher() throws(Errno) -> UInt64 {
    let flags = OpenFlags(rawValue: word(0))
    guard flags.subtracting(.closeOnExec).isEmpty else { throw .EINVAL }
    return try install(
      files.pointee.makeWatcher(), closeOnExec: flags.contains(.closeOnExec))
  }

  /// epoll_ctl(epfd, operation, fd, event).
  func controlWatcher() throws(Errno) -> UInt64 {
    var event = WatchedEvent(events: 0, data: 0)
    if word(1) != 2 {
      event.events = try space.pointee.copyIn(UInt32.self, from: address(3))
      event.data = try space.pointee.copyIn(UInt64.self, from: address(3) + ByteCount(8))
    }
    let watcher = try readyFile(0)
    let file = try readyFile(2)
    guard let operation = FileSystem<B>.WatchOperation(rawValue: word(1)) else {
      throw .EINVAL
    }
    try files.pointee.control(watcher, operation, file, word(2), event)
    return 0
  }

  /// epoll_pwait(epfd, events, count, milliseconds, mask, size) and epoll_pwait2, whose time is a
  /// timespec.
  func waitForEvents(hasTimespec: Bool) throws(Errno) -> UInt64 {
    try setWaitingMask(address(4), size: argument(5))
    var deadline: UInt64?
    if hasTimespec {
      deadline = try self.deadline(at: address(3))
    } else if int(3) >= 0 {
      deadline = self.deadline(in: UInt64(word(3)) &* 1_000_000)
    }
    // EP_MAX_EVENTS.
    guard int(2) > 0, word(2) <= 0x7fff_ffff / 16 else { throw .EINVAL }
    try checkRange(address(1), UInt64(word(2)) &* 16)
    let file = try readyFile(0)
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    while true {
      let count = try files.pointee.takeEvents(file, Int(word(2))) { index, event in
        do throws(Errno) {
          try space.pointee.copyOut(event, to: address(1) + ByteCount(UInt64(index) &* 16))
          return true
        } catch { return false }
      }
      if count > 0 { return UInt64(count) }
      do throws(Errno) {
        guard try kernel.wait(at: file.pointee.inode, until: deadline) else { return 0 }
      } catch {
        // Never made again (ep_poll()).
        throw .EINTR
      }
    }
  }
}
