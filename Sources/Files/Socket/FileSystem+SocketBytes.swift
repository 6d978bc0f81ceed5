import Arm64
import KernelHeap
public import MemoryTypes

/// Bytes through sockets (unix_stream_sendmsg(), unix_dgram_sendmsg(), unix_stream_read_generic(),
/// __unix_dgram_recvmsg()). Nothing here waits: EAGAIN, and who may wait tries again.
extension FileSystem {
  /// The bytes of a stream that travel in one piece.
  private static var piece: UInt64 { 32 << 10 }

  func readSocket(_ address: UInt, _ count: UInt64, _ sink: ByteSink) throws(Errno) -> Int {
    guard let socket = Self.socket(at: address) else { throw .EBADF }
    var received = Received()
    return try receive(socket, count, isPeek: false, &received, sink)
  }

  func writeSocket(_ address: UInt, _ count: UInt64, _ source: ByteSource) throws(Errno) -> Int {
    guard let socket = Self.socket(at: address) else { throw .EBADF }
    var files: (UInt, Int) = (0, 0)
    return try send(socket, to: nil, count, &files, socket.pointee.owner, source)
  }

  /// Sends bytes, and files with the first of them; what files the message takes over, it takes
  /// out of `files`.
  public func send(
    _ file: KernelPointer<OpenFile>, to address: SocketAddress?, _ count: UInt64,
    files: inout (UInt, Int), by sender: PeerCredentials, _ source: ByteSource
  ) throws(Errno) -> Int {
    try send(socket(file), to: address, count, &files, sender, source)
  }

  private func send(
    _ socket: KernelPointer<Socket>, to address: SocketAddress?, _ count: UInt64,
    _ files: inout (UInt, Int), _ sender: PeerCredentials, _ source: ByteSource
  ) throws(Errno) -> Int {
    let peer = try receiver(of: socket, address)
    guard !socket.pointee.sendsNoMore, !peer.pointee.readsNoMore else { throw .EPIPE }
    let isStream = socket.pointee.kind == .stream
    if isStream, count == 0 { return 0 }
    var done: UInt64 = 0
    repeat {
      let room = socket.pointee.sendLimit
      let queued = peer.pointee.queued
      let part: UInt64
      if isStream {
        guard queued < room else {
          if done > 0 { break }
          throw .EAGAIN
        }
        part = min(count &- done, min(Self.piece, room &- queued))
      } else {
        guard count <= room &- 32 else { throw .EMSGSIZE }
        guard queued == 0 || queued &+ count <= room else { throw .EAGAIN }
        part = count
      }
      let message: KernelPointer<Message>
      do throws(Errno) {
        message = try makeMessage(Int(part), sender, socket.pointee.address, source)
      } catch {
        if done > 0 { break }
        throw error
      }
      (message.pointee.files, message.pointee.fileCount) = files
      files = (0, 0)
      append(message, to: peer)
      done &+= UInt64(message.pointee.length)
      if message.pointee.length < Int(part) { break }
    } while done < count
    happened(to: peer.pointee.inode)
    return Int(done)
  }

  private func receiver(
    of socket: KernelPointer<Socket>, _ address: SocketAddress?
  ) throws(Errno) -> KernelPointer<Socket> {
    if let address {
      guard socket.pointee.kind == .datagram else {
        throw socket.pointee.wasConnected ? .EISCONN : .EOPNOTSUPP
      }
      let found = try find(address)
      guard found.pointee.kind == .datagram else { throw .EPROTOTYPE }
      return found
    }
    guard let peer = socket.pointee.peer else {
      if socket.pointee.wasConnected {
        throw socket.pointee.kind == .datagram ? .ECONNREFUSED : .EPIPE
      }
      throw .ENOTCONN
    }
    return peer
  }

  /// A message with bytes from a source; less than asked for where the source has less.
  private func makeMessage(
    _ length: Int, _ sender: PeerCredentials, _ address: SocketAddress, _ source: ByteSource
  ) throws(Errno) -> KernelPointer<Message> {
    let size = UInt64(MemoryLayout<Message>.stride &+ length)
    guard let memory = unsafe slab.pointee.allocateBytes(ByteCount(size)) else { throw .ENOBUFS }
    let place = unsafe memory.bindMemory(to: Message.self, capacity: 1)
    unsafe place.initialize(
      to: Message(size: size, length: length, sender: sender, address: address))
    // SAFETY: initialised right here; freed by `free`.
    let message = unsafe KernelPointer(place)
    guard length > 0 else { return message }
    do throws(Errno) {
      let taken = try source(unsafe ByteRoom(message.payload, count: length))
      guard taken > 0 else { throw Errno.EFAULT }
      message.pointee.length = taken
      return message
    } catch {
      free(message)
      throw error
    }
  }

  private func append(_ message: KernelPointer<Message>, to socket: KernelPointer<Socket>) {
    if let last = socket.pointee.lastMessage {
      last.pointee.next = message
    } else {
      socket.pointee.firstMessage = message
    }
    socket.pointee.lastMessage = message
    socket.pointee.queued &+= UInt64(message.pointee.length)
  }

  /// Receives bytes, and what came with them.
  public func receive(
    _ file: KernelPointer<OpenFile>, _ count: UInt64, isPeek: Bool,
    _ received: inout Received, _ sink: ByteSink
  ) throws(Errno) -> Int {
    try receive(socket(file), count, isPeek: isPeek, &received, sink)
  }

  private func receive(
    _ socket: KernelPointer<Socket>, _ count: UInt64, isPeek: Bool,
    _ received: inout Received, _ sink: ByteSink
  ) throws(Errno) -> Int {
    if socket.pointee.kind != .datagram, !socket.pointee.wasConnected {
      throw socket.pointee.kind == .stream ? .EINVAL : .ENOTCONN
    }
    guard let first = socket.pointee.firstMessage else {
      if socket.pointee.wasReset {
        socket.pointee.wasReset = false
        throw .ECONNRESET
      }
      if socket.pointee.readsNoMore || socket.pointee.peerSendsNoMore { return 0 }
      throw .EAGAIN
    }
    received.sender = first.pointee.sender
    received.address = first.pointee.address
    received.wholeLength = first.pointee.length
    let done =
      socket.pointee.kind == .stream
      ? try receiveStream(socket, count, isPeek, &received, sink)
      : try receiveOne(socket, count, isPeek, &received, sink)
    if !isPeek {
      // The sender's side has room again.
      happened(to: socket.pointee.peer?.pointee.inode ?? socket.pointee.inode)
    }
    return done
  }

  /// Hands bytes of a message to a sink, from those on that were not read.
  private func hand(
    _ message: KernelPointer<Message>, _ count: Int, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard count > 0 else { return 0 }
    // SAFETY: the bytes lie behind the message, within its buffer.
    return try sink(
      unsafe ByteString(
        UnsafeRawBufferPointer(start: message.payload + message.pointee.done, count: count)))
  }

  private func receiveOne(
    _ socket: KernelPointer<Socket>, _ count: UInt64, _ isPeek: Bool,
    _ received: inout Received, _ sink: ByteSink
  ) throws(Errno) -> Int {
    guard let message = socket.pointee.firstMessage else { return 0 }
    let part = Int(min(count, UInt64(message.pointee.length)))
    let taken = try hand(message, part, sink)
    guard taken == part else { throw .EFAULT }
    if isPeek {
      try peekFiles(message, &received)
    } else {
      _ = takeFirst(socket)
      takeFiles(message, &received)
      free(message)
    }
    received.count = taken
    return taken
  }

  private func receiveStream(
    _ socket: KernelPointer<Socket>, _ count: UInt64, _ isPeek: Bool,
    _ received: inout Received, _ sink: ByteSink
  ) throws(Errno) -> Int {
    var done = 0
    var candidate = socket.pointee.firstMessage
    while let message = candidate, UInt64(done) < count {
      // Bytes with files are not read together with those after them, nor behind others.
      if message.pointee.fileCount > 0, done > 0 { break }
      let left = message.pointee.length &- message.pointee.done
      let part = Int(min(count &- UInt64(done), UInt64(left)))
      let taken = try hand(message, part, sink)
      if taken == 0, part > 0 {
        if done == 0 { throw .EFAULT }
        break
      }
      let hadFiles = message.pointee.fileCount > 0
      candidate = message.pointee.next
      if isPeek {
        try peekFiles(message, &received)
      } else {
        takeFiles(message, &received)
        message.pointee.done &+= taken
        socket.pointee.queued &-= UInt64(taken)
        if message.pointee.done == message.pointee.length {
          _ = takeFirst(socket)
          free(message)
        }
      }
      done &+= taken
      if taken < part || hadFiles { break }
    }
    received.count = done
    received.wholeLength = done
    return done
  }

  private func takeFiles(_ message: KernelPointer<Message>, _ received: inout Received) {
    guard message.pointee.fileCount > 0 else { return }
    received.files = message.pointee.files
    received.fileCount = message.pointee.fileCount
    message.pointee.files = 0
    message.pointee.fileCount = 0
  }

  private func peekFiles(
    _ message: KernelPointer<Message>, _ received: inout Received
  ) throws(Errno) {
    let count = message.pointee.fileCount
    guard count > 0, received.fileCount == 0 else { return }
    let copy = try makeFileArray(count)
    for index in 0..<count {
      let file = exchange(nil, in: message.pointee.files, at: index)
      if let file {
        _ = exchange(file, in: message.pointee.files, at: index)
        retain(file)
      }
      _ = exchange(file, in: copy, at: index)
    }
    received.files = copy
    received.fileCount = count
  }

  /// The bytes that can be read (FIONREAD).
  public func bytesInSocket(_ file: KernelPointer<OpenFile>) throws(Errno) -> UInt64 {
    let socket = try socket(file)
    if socket.pointee.kind == .stream { return socket.pointee.queued }
    return UInt64(socket.pointee.firstMessage?.pointee.length ?? 0)
  }
}
