import Arm64
import KernelHeap
public import MemoryTypes

/// Making and ending sockets (unix_create1(), unix_socketpair(), unix_release_sock()).
extension FileSystem {
  public func makeSocket(
    _ kind: SocketKind, _ flags: OpenFlags, by owner: PeerCredentials
  ) throws(Errno) -> KernelPointer<OpenFile> {
    let file = try makeNameless(
      .special, "socket", mode: FileMode(.socket, permissions: 0o777),
      flags.intersection(.nonBlocking).union(.readWrite))
    let inode = file.pointee.inode
    guard let socket = caches.sockets.allocate(Socket(kind: kind, inode: inode)) else {
      release(file)
      throw .ENOMEM
    }
    socket.pointee.owner = owner
    inode.pointee.kind = .socket(address: socket.address)
    return file
  }

  /// Connects two sockets with each other.
  public func join(_ a: KernelPointer<OpenFile>, _ b: KernelPointer<OpenFile>) throws(Errno) {
    let (first, second) = (try socket(a), try socket(b))
    connect(first, second)
  }

  func connect(_ a: KernelPointer<Socket>, _ b: KernelPointer<Socket>) {
    setPeer(of: a, to: b)
    setPeer(of: b, to: a)
    a.pointee.wasConnected = true
    b.pointee.wasConnected = true
    a.pointee.peerOwner = b.pointee.owner
    b.pointee.peerOwner = a.pointee.owner
  }

  /// Chooses whom a socket sends to.
  func setPeer(of socket: KernelPointer<Socket>, to peer: KernelPointer<Socket>?) {
    if socket.pointee.kind == .datagram, let old = socket.pointee.peer {
      let next = socket.pointee.nextSender
      let previous = socket.pointee.previousSender
      next?.pointee.previousSender = previous
      if let previous {
        previous.pointee.nextSender = next
      } else {
        old.pointee.firstSender = next
      }
    }
    socket.pointee.peer = peer
    guard socket.pointee.kind == .datagram, let peer else { return }
    socket.pointee.previousSender = nil
    socket.pointee.nextSender = peer.pointee.firstSender
    peer.pointee.firstSender?.pointee.previousSender = socket
    peer.pointee.firstSender = socket
  }

  public func isSocket(_ file: KernelPointer<OpenFile>) -> Bool {
    if case .socket = file.pointee.inode.pointee.kind { return true }
    return false
  }

  func socket(_ file: KernelPointer<OpenFile>) throws(Errno) -> KernelPointer<Socket> {
    guard case .socket(let address) = file.pointee.inode.pointee.kind,
      let socket = Self.socket(at: address)
    else { throw .ENOTSOCK }
    return socket
  }

  static func socket(at address: UInt) -> KernelPointer<Socket>? {
    // SAFETY: the address of the socket that its inode owns.
    guard let pointer = unsafe UnsafeMutablePointer<Socket>(bitPattern: address) else {
      return nil
    }
    return unsafe KernelPointer(pointer)
  }

  /// What it is ready for (unix_poll(), unix_dgram_poll()).
  func socketReadiness(_ address: UInt) -> Readiness {
    guard let socket = Self.socket(at: address) else { return .failed }
    var ready: Readiness = []
    let readEnded = socket.pointee.readsNoMore || socket.pointee.peerSendsNoMore
    if readEnded { ready.formUnion([.inputHungUp, .input, .normalInput]) }
    if readEnded, socket.pointee.sendsNoMore || hasLostPeer(socket) { ready.formUnion(.hungUp) }
    if socket.pointee.firstMessage != nil || socket.pointee.firstWaiting != nil {
      ready.formUnion([.input, .normalInput])
    }
    if socket.pointee.kind != .datagram, socket.pointee.backlog < 0,
      !socket.pointee.wasConnected
    {
      ready.formUnion(.hungUp)
    }
    if hasRoom(socket) { ready.formUnion([.output, .normalOutput]) }
    return ready
  }

  private func hasLostPeer(_ socket: KernelPointer<Socket>) -> Bool {
    socket.pointee.wasConnected && socket.pointee.peer == nil
  }

  /// unix_writable(): a quarter may be under way.
  private func hasRoom(_ socket: KernelPointer<Socket>) -> Bool {
    guard socket.pointee.backlog < 0 else { return false }
    guard let peer = socket.pointee.peer else { return true }
    return peer.pointee.queued &<< 2 <= socket.pointee.sendLimit
  }

  /// shutdown: 0 ends reading, 1 sending, 2 both.
  public func shutDown(_ file: KernelPointer<OpenFile>, _ how: UInt32) throws(Errno) {
    guard how <= 2 else { throw .EINVAL }
    let socket = try socket(file)
    if socket.pointee.kind != .datagram, !socket.pointee.wasConnected,
      socket.pointee.backlog < 0
    {
      throw .ENOTCONN
    }
    if how != 1 { socket.pointee.readsNoMore = true }
    if how != 0 { socket.pointee.sendsNoMore = true }
    if let peer = socket.pointee.peer, socket.pointee.kind != .datagram {
      if how != 0 { peer.pointee.peerSendsNoMore = true }
      happened(to: peer.pointee.inode)
    }
    happened(to: socket.pointee.inode)
  }

  /// The last descriptor of a socket is closed.
  func freeSocket(_ address: UInt) {
    guard let socket = Self.socket(at: address) else { return }
    forgetAddress(of: socket)
    if let peer = socket.pointee.peer {
      if socket.pointee.kind == .datagram {
        setPeer(of: socket, to: nil)
      } else {
        peer.pointee.peer = nil
        peer.pointee.peerSendsNoMore = true
        peer.pointee.sendsNoMore = true
        if socket.pointee.firstMessage != nil { peer.pointee.wasReset = true }
      }
      happened(to: peer.pointee.inode)
    }
    while let sender = socket.pointee.firstSender {
      setPeer(of: sender, to: nil)
      happened(to: sender.pointee.inode)
    }
    while let waiting = socket.pointee.firstWaiting {
      socket.pointee.firstWaiting = nextWaiting(waiting)
      release(waiting)
    }
    freeMessages(of: socket)
    caches.sockets.free(socket)
  }

  /// Frees what nobody will read: one after the other, however deep sockets lie in messages that
  /// lie in sockets (unix_gc() is what Linux has for that).
  private func freeMessages(of socket: KernelPointer<Socket>) {
    while let message = takeFirst(socket) {
      message.pointee.next = state.pointee.dyingMessages
      state.pointee.dyingMessages = message
    }
    guard !state.pointee.isFreeingMessages else { return }
    state.pointee.isFreeingMessages = true
    while let message = state.pointee.dyingMessages {
      state.pointee.dyingMessages = message.pointee.next
      free(message)
    }
    state.pointee.isFreeingMessages = false
  }

  func nextWaiting(_ file: KernelPointer<OpenFile>) -> KernelPointer<OpenFile>? {
    guard case .socket(let address) = file.pointee.inode.pointee.kind else { return nil }
    return Self.socket(at: address)?.pointee.nextWaiting
  }

  func takeFirst(_ socket: KernelPointer<Socket>) -> KernelPointer<Message>? {
    guard let message = socket.pointee.firstMessage else { return nil }
    socket.pointee.firstMessage = message.pointee.next
    if message.pointee.next == nil { socket.pointee.lastMessage = nil }
    socket.pointee.queued &-= UInt64(message.pointee.length &- message.pointee.done)
    return message
  }

  /// Frees a message and the files that nobody took.
  func free(_ message: KernelPointer<Message>) {
    freeFiles(message.pointee.files, message.pointee.fileCount)
    unsafe slab.pointee.freeBytes(message.raw, ByteCount(message.pointee.size))
  }

  /// Gives back an array of files and the references that it holds.
  public func freeFiles(_ address: UInt, _ count: Int) {
    guard let array = unsafe UnsafeMutablePointer<KernelPointer<OpenFile>?>(bitPattern: address)
    else { return }
    for index in 0..<count {
      if let file = unsafe array[index] { release(file) }
    }
    unsafe slab.pointee.freeBytes(UnsafeMutableRawPointer(array), ByteCount(UInt64(count) &* 8))
  }

  /// An array for files that are to travel; the first ``Message/maximumFiles`` at most.
  public func makeFileArray(_ count: Int) throws(Errno) -> UInt {
    guard count > 0, count <= Message.maximumFiles else { throw .EINVAL }
    guard let memory = unsafe slab.pointee.allocateBytes(ByteCount(UInt64(count) &* 8)) else {
      throw .ENOMEM
    }
    let array = unsafe memory.bindMemory(to: KernelPointer<OpenFile>?.self, capacity: count)
    for index in 0..<count { unsafe (array + index).initialize(to: nil) }
    return UInt(bitPattern: array)
  }

  /// Puts a file, with a reference, into such an array, or takes it out.
  public func exchange(
    _ file: KernelPointer<OpenFile>?, in array: UInt, at index: Int
  ) -> KernelPointer<OpenFile>? {
    guard let files = unsafe UnsafeMutablePointer<KernelPointer<OpenFile>?>(bitPattern: array)
    else { return file }
    let old = unsafe files[index]
    unsafe files[index] = file
    return old
  }
}
