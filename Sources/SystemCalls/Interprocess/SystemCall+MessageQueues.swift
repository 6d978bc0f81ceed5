import AddressSpaces
import Arm64
import MemoryTypes
import Tasks

/// System V message queues (ipc/msg.c).
extension SystemCall {
  /// msgget(key, flags).
  func getQueue() throws(Errno) -> UInt64 {
    let identifier = try kernel.messageQueue(key: int(0), flags: word(1), by: ipcCaller)
    return UInt64(UInt32(bitPattern: identifier))
  }

  /// msgsnd(identifier, message, length, flags).
  @inline(never)
  func sendToQueue() throws(Errno) -> UInt64 {
    let type = try space.pointee.copyIn(Int64.self, from: address(1))
    let limit = UInt64(kernel.store.pointee.interprocessLimits.messageBytes)
    guard argument(2) <= limit, int(0) >= 0, type >= 1 else { throw .EINVAL }
    try kernel.send(
      address(1) + ByteCount(8), length: Int(argument(2)), type: type, to: int(0),
      waits: word(3) & 0o4000 == 0, by: ipcCaller)
    return 0
  }

  /// msgrcv(identifier, message, length, type, flags).
  @inline(never)
  func receiveFromQueue() throws(Errno) -> UInt64 {
    guard int(0) >= 0, signed(2) >= 0 else { throw .EINVAL }
    let flags = word(4)
    let waits = flags & 0o4000 == 0
    if flags & 0o40000 != 0 {  // MSG_COPY
      guard flags & 0o20000 == 0, !waits else { throw .EINVAL }
      throw .ENOSYS  // CONFIG_CHECKPOINT_RESTORE
    }
    return UInt64(
      try kernel.receive(
        into: address(1), length: Int(signed(2)),
        MessageChoice(type: signed(3), isExcept: flags & 0o20000 != 0), from: int(0),
        waits: waits, cuts: flags & 0o10000 != 0, by: ipcCaller))
  }

  /// msgctl(identifier, command, buffer).
  @inline(never)
  func controlQueue() throws(Errno) -> UInt64 {
    guard int(0) >= 0, int(1) >= 0 else { throw .EINVAL }
    switch int(1) {
    case 3, 12: return try messageFigures(ofUse: int(1) == 12)  // IPC_INFO, MSG_INFO
    case 2, 11, 13: return try queueStatus()  // IPC_STAT, MSG_STAT, MSG_STAT_ANY
    case 1:  // IPC_SET
      let wanted = try space.pointee.copyIn(QueueStatus.self, from: address(2))
      let queue = try ownQueue()
      // As Linux takes the limit: an int of it.
      let limit = Int32(truncatingIfNeeded: wanted.limit)
      let most = kernel.store.pointee.interprocessLimits.queueBytes
      guard UInt64(bitPattern: Int64(limit)) <= UInt64(most) || task.pointee.memory.isPrivileged
      else { throw .EPERM }
      guard
        queue.pointee.permissions.update(
          user: wanted.permissions.user, group: wanted.permissions.group,
          mode: wanted.permissions.mode)
      else { throw .EINVAL }
      kernel.setLimit(of: queue, to: UInt64(bitPattern: Int64(limit)))
      return 0
    case 0:  // IPC_RMID
      kernel.remove(try ownQueue())
      return 0
    default: throw .EINVAL
    }
  }

  private func messageFigures(ofUse: Bool) throws(Errno) -> UInt64 {
    let all = try kernel.messageQueues()
    let limits = kernel.store.pointee.interprocessLimits
    var figures = InlineArray<8, Int32>(repeating: 0)
    figures[0] = ofUse ? Int32(truncatingIfNeeded: all.pointee.queues.inUse) : 512_000
    figures[1] = ofUse ? Int32(truncatingIfNeeded: all.pointee.messages) : 16384
    figures[2] = Int32(truncatingIfNeeded: limits.messageBytes)
    figures[3] = Int32(truncatingIfNeeded: limits.queueBytes)
    figures[4] = Int32(truncatingIfNeeded: limits.queues)
    figures[5] = 16
    figures[6] = ofUse ? Int32(truncatingIfNeeded: all.pointee.bytes) : 16384
    figures[7] = 0xffff
    try space.pointee.copyOut(figures, to: address(2))
    return UInt64(max(all.pointee.queues.highest, 0))
  }

  private func queueStatus() throws(Errno) -> UInt64 {
    let all = try kernel.messageQueues()
    let queue =
      try int(1) == 2
      ? all.pointee.queues.object(int(0)) : all.pointee.queues.object(placedAs: int(0))
    guard int(1) == 13 || queue.pointee.permissions.allow(ipcCaller, 0o444) else {
      throw .EACCES
    }
    try space.pointee.copyOut(QueueStatus(queue.pointee), to: address(2))
    return int(1) == 2 ? 0 : UInt64(UInt32(bitPattern: queue.pointee.permissions.identifier))
  }

  /// A queue that the caller may give away or remove.
  private func ownQueue() throws(Errno) -> KernelPointer<MessageQueue> {
    let queue = try kernel.messageQueues().pointee.queues.object(int(0))
    guard queue.pointee.permissions.isOwned(by: ipcCaller) else { throw .EPERM }
    return queue
  }
}

/// `struct msqid64_ds`, 120 bytes.
struct QueueStatus: BitwiseCopyable {
  var permissions: PermissionStatus
  var sent: Int64
  var received: Int64
  var changed: Int64
  var bytes: UInt64
  var count: UInt64
  var limit: UInt64
  var sender: Int32
  var receiver: Int32
  private var unused1: UInt64 = 0
  private var unused2: UInt64 = 0

  init(_ queue: MessageQueue) {
    permissions = PermissionStatus(queue.permissions)
    sent = queue.sent
    received = queue.received
    changed = queue.changed
    bytes = queue.bytes
    count = queue.count
    limit = queue.limit
    sender = queue.sender
    receiver = queue.receiver
  }
}
