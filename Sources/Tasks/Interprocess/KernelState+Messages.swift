public import AddressSpaces
import Arm64
import Files
import KernelHeap
public import MemoryTypes
import PageFrames

/// msgsnd and msgrcv (ipc/msg.c:do_msgsnd(), do_msgrcv()).
extension KernelState {
  /// Sends bytes of the current program's; waits for room unless `waits` is false.
  ///
  /// EAGAIN without room, EIDRM if the queue was removed meanwhile, ERESTARTNOHAND for a signal.
  public func send(
    _ place: VirtualAddress, length: Int, type: Int64, to identifier: Int32, waits: Bool,
    by caller: IPCCaller
  ) throws(Errno) {
    let all = try messageQueues()
    let message = try makeMessage(place, length, type)
    do throws(Errno) {
      let queue = try all.pointee.queues.object(identifier)
      try waitForRoom(in: queue, length, waits: waits, by: caller, all)
      queue.pointee.sender = caller.process
      queue.pointee.sent = files.pointee.time.seconds
      if handOver(message, of: queue) { return }
      message.pointee.next = nil
      if let last = queue.pointee.last {
        last.pointee.next = message
      } else {
        queue.pointee.first = message
      }
      queue.pointee.last = message
      queue.pointee.bytes &+= UInt64(length)
      queue.pointee.count &+= 1
      all.pointee.bytes &+= UInt64(length)
      all.pointee.messages &+= 1
    } catch {
      free(message)
      throw error
    }
  }

  /// A message with a program's bytes (load_msg()).
  private func makeMessage(
    _ place: VirtualAddress, _ length: Int, _ type: Int64
  ) throws(Errno) -> KernelPointer<Message> {
    let bytes = Message.bytes(length)
    guard let space = current.pointee.memory.space,
      let memory = unsafe slab.pointee.allocateBytes(
        bytes, [.kernel, .account])
    else { throw .ENOMEM }
    // SAFETY: the buffer holds a message and `length` bytes behind it.
    let message = unsafe memory.bindMemory(to: Message.self, capacity: 1)
    unsafe message.initialize(to: Message(type: type, length: length))
    do throws(Errno) {
      try unsafe space.pointee.copyIn(place, to: memory + MemoryLayout<Message>.stride, length)
    } catch {
      unsafe slab.pointee.freeBytes(memory, bytes)
      throw error
    }
    return unsafe KernelPointer(message)
  }

  private func waitForRoom(
    in queue: KernelPointer<MessageQueue>, _ length: Int, waits: Bool, by caller: IPCCaller,
    _ all: KernelPointer<MessageQueues<B>>
  ) throws(Errno) {
    while true {
      guard queue.pointee.permissions.allow(caller, 0o222) else { throw .EACCES }
      if queue.pointee.hasRoom(for: length) { return }
      guard waits else { throw .EAGAIN }
      let value = MessageWaiter(thread: current.pointee.pid, choice: .any, length: length)
      guard let waiter = all.pointee.waiterCache.allocate(value) else { throw .ENOMEM }
      defer { all.pointee.waiterCache.free(waiter) }
      queue.pointee.senders.append(waiter)
      if !hasSignal { block(on: WaitChannel(kind: .interprocess, object: waiter.address)) }
      if case .failed(let error)? = waiter.pointee.result { throw error }
      if waiter.pointee.isQueued { queue.pointee.senders.remove(waiter) }
      if hasSignal { throw .ERESTARTNOHAND }
    }
  }

  /// Gives a message to the first receiver that wants it (pipelined_send()); those whose buffers
  /// are too small for it fail.
  private func handOver(
    _ message: KernelPointer<Message>, of queue: KernelPointer<MessageQueue>
  ) -> Bool {
    var next = queue.pointee.receivers.first
    while let receiver = next {
      next = receiver.pointee.next
      guard receiver.pointee.choice.accepts(message.pointee.type) else { continue }
      queue.pointee.receivers.remove(receiver)
      if receiver.pointee.length < message.pointee.length {
        finish(receiver, .failed(.E2BIG))
        continue
      }
      queue.pointee.receiver = receiver.pointee.thread
      queue.pointee.received = files.pointee.time.seconds
      finish(receiver, .message(message))
      return true
    }
    return false
  }

  /// Takes a message into the current program's memory, its type before its bytes; its length.
  ///
  /// ENOMSG if there is none and `waits` is false, E2BIG if it is too long and may not be cut,
  /// EIDRM if the queue was removed meanwhile, ERESTARTNOHAND for a signal.
  public func receive(
    into place: VirtualAddress, length: Int, _ choice: MessageChoice, from identifier: Int32,
    waits: Bool, cuts: Bool, by caller: IPCCaller
  ) throws(Errno) -> Int {
    let all = try messageQueues()
    let queue = try all.pointee.queues.object(identifier)
    let message = try take(
      choice, length: cuts ? Int(Int32.max) : length, from: queue, waits: waits, by: caller, all)
    defer { free(message) }
    guard let space = current.pointee.memory.space else { throw .EFAULT }
    try space.pointee.copyOut(message.pointee.type, to: place)
    let count = min(length, message.pointee.length)
    // SAFETY: the message's bytes follow it.
    try unsafe space.pointee.copyOut(
      message.raw + MemoryLayout<Message>.stride, to: place + ByteCount(8), count)
    return count
  }

  private func take(
    _ choice: MessageChoice, length: Int, from queue: KernelPointer<MessageQueue>, waits: Bool,
    by caller: IPCCaller, _ all: KernelPointer<MessageQueues<B>>
  ) throws(Errno) -> KernelPointer<Message> {
    while true {
      guard queue.pointee.permissions.allow(caller, 0o444) else { throw .EACCES }
      if let found = find(choice, in: queue) {
        guard length >= found.message.pointee.length else { throw .E2BIG }
        unlink(found.message, after: found.previous, of: queue, all)
        queue.pointee.received = files.pointee.time.seconds
        queue.pointee.receiver = caller.process
        wakeSenders(of: queue)
        return found.message
      }
      guard waits else { throw .ENOMSG }
      let value = MessageWaiter(thread: current.pointee.pid, choice: choice, length: length)
      guard let waiter = all.pointee.waiterCache.allocate(value) else { throw .ENOMEM }
      defer { all.pointee.waiterCache.free(waiter) }
      queue.pointee.receivers.append(waiter)
      if !hasSignal { block(on: WaitChannel(kind: .interprocess, object: waiter.address)) }
      switch waiter.pointee.result {
      case .message(let message): return message
      case .failed(.EAGAIN): continue  // IPC_SET
      case .failed(let error): throw error
      case .retry, nil: break
      }
      if waiter.pointee.isQueued { queue.pointee.receivers.remove(waiter) }
      if hasSignal { throw .ERESTARTNOHAND }
    }
  }

  /// The message that a receiver gets (find_msg()): the first it accepts, or of the least type.
  private func find(
    _ choice: MessageChoice, in queue: KernelPointer<MessageQueue>
  ) -> (message: KernelPointer<Message>, previous: KernelPointer<Message>?)? {
    var best: (message: KernelPointer<Message>, previous: KernelPointer<Message>?)?
    var choice = choice
    var previous: KernelPointer<Message>?
    var next = queue.pointee.first
    while let message = next {
      if choice.accepts(message.pointee.type) {
        guard case .upTo = choice, message.pointee.type > 1 else { return (message, previous) }
        best = (message, previous)
        choice = .upTo(message.pointee.type &- 1)
      }
      previous = message
      next = message.pointee.next
    }
    return best
  }

  private func unlink(
    _ message: KernelPointer<Message>, after previous: KernelPointer<Message>?,
    of queue: KernelPointer<MessageQueue>, _ all: KernelPointer<MessageQueues<B>>
  ) {
    if let previous {
      previous.pointee.next = message.pointee.next
    } else {
      queue.pointee.first = message.pointee.next
    }
    if queue.pointee.last == message { queue.pointee.last = previous }
    let length = UInt64(message.pointee.length)
    queue.pointee.bytes &-= length
    queue.pointee.count &-= 1
    all.pointee.bytes &-= length
    all.pointee.messages &-= 1
  }

  /// Wakes the senders whose messages fit (ss_wakeup()); each tries when it runs.
  func wakeSenders(of queue: KernelPointer<MessageQueue>) {
    var next = queue.pointee.senders.first
    while let sender = next {
      next = sender.pointee.next
      if queue.pointee.hasRoom(for: sender.pointee.length) {
        queue.pointee.senders.remove(sender)
        finish(sender, .retry)
      }
    }
  }
}
