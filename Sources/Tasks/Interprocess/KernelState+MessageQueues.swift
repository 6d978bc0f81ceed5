public import AddressSpaces
import Arm64
import Files
import KernelHeap
public import MemoryTypes

/// Message queues: made, found, set and removed (msgget, msgctl).
extension KernelState {
  /// All queues, made when first asked for.
  public func messageQueues() throws(Errno) -> KernelPointer<MessageQueues<B>> {
    if let known = store.pointee.messages { return known }
    guard let value = MessageQueues<B>(slab),
      let cache = slab.pointee.kmallocCache(of: MessageQueues<B>.self, name: "msg_ids"),
      let made = cache.allocate(value)
    else { throw .ENOMEM }
    store.pointee.messages = made
    return made
  }

  /// msgget (ipc/util.c:ipcget()): a queue's identifier.
  public func messageQueue(
    key: Int32, flags: UInt32, by caller: IPCCaller
  ) throws(Errno) -> Int32 {
    let all = try messageQueues()
    if key != 0, let found = all.pointee.queues.object(keyed: key) {
      guard flags & 0o3000 != 0o3000 else { throw .EEXIST }
      guard found.pointee.permissions.allow(caller, flags) else { throw .EACCES }
      return found.pointee.permissions.identifier
    }
    guard key == 0 || flags & 0o1000 != 0 else { throw .ENOENT }
    let limits = store.pointee.interprocessLimits
    let (place, identifier, sequence) = try all.pointee.queues.nextIdentifier(
      limit: Int(limits.queues))
    let value = MessageQueue(
      permissions: IPCPermissions(key: key, mode: flags, by: caller),
      changed: files.pointee.time.seconds, limit: UInt64(limits.queueBytes))
    guard let queue = all.pointee.queueCache.allocate(value) else { throw .ENOMEM }
    do throws(Errno) {
      try all.pointee.queues.insert(queue, at: place, sequence)
    } catch {
      all.pointee.queueCache.free(queue)
      throw error
    }
    return identifier
  }

  /// IPC_SET of the most bytes; who waits tries again with the new owner and the new limit
  /// (msgctl_down()).
  public func setLimit(of queue: KernelPointer<MessageQueue>, to limit: UInt64) {
    queue.pointee.limit = limit
    queue.pointee.changed = files.pointee.time.seconds
    expel(receiversOf: queue, nil)
    wakeSenders(of: queue)
  }

  /// IPC_RMID (freeque()).
  public func remove(_ queue: KernelPointer<MessageQueue>) {
    guard let all = store.pointee.messages else { return }
    expel(receiversOf: queue, .EIDRM)
    while let sender = queue.pointee.senders.first {
      queue.pointee.senders.remove(sender)
      finish(sender, .failed(.EIDRM))
    }
    all.pointee.queues.remove(queue)
    all.pointee.bytes &-= queue.pointee.bytes
    all.pointee.messages &-= queue.pointee.count
    while let message = queue.pointee.first {
      queue.pointee.first = message.pointee.next
      free(message)
    }
    all.pointee.queueCache.free(queue)
  }

  /// Ends the waiting of all receivers (expunge_all()): with an error, or to try again.
  private func expel(receiversOf queue: KernelPointer<MessageQueue>, _ error: Errno?) {
    while let receiver = queue.pointee.receivers.first {
      queue.pointee.receivers.remove(receiver)
      finish(receiver, error.map { .failed($0) } ?? .failed(.EAGAIN))
    }
  }

  /// Tells a waiter how its waiting has ended; it is in no queue any more.
  func finish(_ waiter: KernelPointer<MessageWaiter>, _ result: MessageWaiter.Result) {
    waiter.pointee.result = result
    wake(WaitChannel(kind: .interprocess, object: waiter.address))
  }

  /// Gives a message's memory back.
  func free(_ message: KernelPointer<Message>) {
    // SAFETY: `makeMessage` got it with this size; nobody has it any more.
    unsafe slab.pointee.freeBytes(message.raw, Message.bytes(message.pointee.length))
  }
}
