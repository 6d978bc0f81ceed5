import Arm64
import KernelHeap
public import MemoryTypes

/// Addresses of sockets, and connecting by them (unix_bind(), unix_listen(), unix_stream_connect(),
/// unix_accept()).
extension FileSystem {
  /// Gives a socket an address: a name in the tree, or, behind a zero, any bytes.
  public func bind(
    _ file: KernelPointer<OpenFile>, _ address: SocketAddress, from base: KernelPointer<Dentry>,
    permissions: UInt32
  ) throws(Errno) {
    let socket = try socket(file)
    let hasAddress = socket.pointee.address.count > 0
    if address[0] == 0 {
      guard !hasAddress else { throw .EINVAL }
      guard !isTaken(address) else { throw .EADDRINUSE }
    } else {
      try address.withPath { (path) throws(Errno) in
        if hasAddress {
          // The name is made first, and goes again (unix_bind_bsd()).
          if let there = try? resolve(path, from: base) {
            release(there)
            throw Errno.EADDRINUSE
          }
          throw Errno.EINVAL
        }
        do throws(Errno) {
          try makeNode(
            path, from: base, mode: FileMode(.socket, permissions: permissions),
            device: DeviceNumber(0, 0))
        } catch {
          throw error == .EEXIST ? .EADDRINUSE : error
        }
        socket.pointee.boundName = try resolve(path, from: base)
      }
    }
    socket.pointee.address = address
    socket.pointee.isBound = true
    socket.pointee.nextBound = state.pointee.boundSockets
    state.pointee.boundSockets = socket
  }

  /// Gives a socket an address that nobody has, if it has none (unix_autobind()).
  public func bindAnywhere(_ file: KernelPointer<OpenFile>) throws(Errno) {
    guard try socket(file).pointee.address.count == 0 else { return }
    // Five digits, of which some are free: there are not so many open files.
    for _ in 0..<0x10_0000 {
      state.pointee.automaticNames = (state.pointee.automaticNames &+ 1) & 0xf_ffff
      let address = SocketAddress(automatic: state.pointee.automaticNames)
      if !isTaken(address) { return try bind(file, address, from: root, permissions: 0) }
    }
    throw .ENOSPC
  }

  private func isTaken(_ address: SocketAddress) -> Bool {
    var candidate = state.pointee.boundSockets
    while let socket = candidate {
      if socket.pointee.boundName == nil, socket.pointee.address == address { return true }
      candidate = socket.pointee.nextBound
    }
    return false
  }

  /// The socket that is bound to an address (unix_find_other()).
  func find(_ address: SocketAddress) throws(Errno) -> KernelPointer<Socket> {
    var inode: KernelPointer<Inode>?
    if address[0] != 0 {
      let base = callersRoot
      try address.withPath { (path) throws(Errno) in
        let dentry = try resolve(path, from: state.pointee.socketBase ?? base)
        defer { release(dentry) }
        try check(.write, of: dentry.pointee.inode)
        guard dentry.pointee.inode.pointee.mode.type == .socket else { throw .ECONNREFUSED }
        inode = dentry.pointee.inode
      }
    }
    var candidate = state.pointee.boundSockets
    while let socket = candidate {
      if let inode {
        if socket.pointee.boundName?.pointee.inode == inode { return socket }
      } else if socket.pointee.boundName == nil, socket.pointee.address == address {
        return socket
      }
      candidate = socket.pointee.nextBound
    }
    throw .ECONNREFUSED
  }

  func forgetAddress(of socket: KernelPointer<Socket>) {
    guard socket.pointee.isBound else { return }
    if let name = socket.pointee.boundName { release(name) }
    if state.pointee.boundSockets == socket {
      state.pointee.boundSockets = socket.pointee.nextBound
      return
    }
    var before = state.pointee.boundSockets
    while let here = before {
      if here.pointee.nextBound == socket {
        here.pointee.nextBound = socket.pointee.nextBound
        return
      }
      before = here.pointee.nextBound
    }
  }

  public func listen(_ file: KernelPointer<OpenFile>, _ backlog: Int) throws(Errno) {
    let socket = try socket(file)
    guard socket.pointee.kind != .datagram else { throw .EOPNOTSUPP }
    guard socket.pointee.address.count > 0, !socket.pointee.wasConnected else { throw .EINVAL }
    socket.pointee.backlog = max(backlog, 0)
  }

  /// Connects to the socket at an address; EAGAIN while its queue is full.
  ///
  /// A relative path begins at `base`.
  public func connect(
    _ file: KernelPointer<OpenFile>, _ address: SocketAddress, from base: KernelPointer<Dentry>,
    by owner: PeerCredentials
  ) throws(Errno) {
    let socket = try socket(file)
    state.pointee.socketBase = base
    defer { state.pointee.socketBase = nil }
    let other = try find(address)
    if socket.pointee.kind == .datagram {
      guard other.pointee.kind == .datagram else { throw .EPROTOTYPE }
      setPeer(of: socket, to: other)
      socket.pointee.wasConnected = true
      return
    }
    guard !socket.pointee.wasConnected else { throw .EISCONN }
    guard other.pointee.kind == socket.pointee.kind else { throw .EPROTOTYPE }
    guard other.pointee.backlog >= 0, !other.pointee.readsNoMore else { throw .ECONNREFUSED }
    guard other.pointee.waitingCount <= other.pointee.backlog else { throw .EAGAIN }
    let end = try makeSocket(socket.pointee.kind, [], by: other.pointee.owner)
    let server = try self.socket(end)
    server.pointee.address = other.pointee.address
    connect(socket, server)
    socket.pointee.owner = owner
    server.pointee.peerOwner = owner
    // At the end of the queue.
    other.pointee.waitingCount &+= 1
    if var last = other.pointee.firstWaiting {
      while let next = nextWaiting(last) { last = next }
      try self.socket(last).pointee.nextWaiting = end
    } else {
      other.pointee.firstWaiting = end
    }
    happened(to: other.pointee.inode)
  }

  /// The next connection of a listening socket, with its reference; EAGAIN while there is none.
  public func accept(
    _ file: KernelPointer<OpenFile>, _ flags: OpenFlags
  ) throws(Errno) -> KernelPointer<OpenFile> {
    let socket = try socket(file)
    guard socket.pointee.kind != .datagram else { throw .EOPNOTSUPP }
    guard socket.pointee.backlog >= 0 else { throw .EINVAL }
    guard let end = socket.pointee.firstWaiting else {
      if socket.pointee.readsNoMore { throw .EINVAL }
      throw .EAGAIN
    }
    let server = try self.socket(end)
    socket.pointee.firstWaiting = server.pointee.nextWaiting
    server.pointee.nextWaiting = nil
    socket.pointee.waitingCount &-= 1
    setFlags(of: end, to: flags.intersection(.nonBlocking))
    happened(to: socket.pointee.inode)
    return end
  }

  /// Its own address, or its peer's; ENOTCONN without a peer.
  public func address(
    of file: KernelPointer<OpenFile>, peers: Bool
  ) throws(Errno) -> SocketAddress {
    let socket = try socket(file)
    guard peers else { return socket.pointee.address }
    guard let peer = socket.pointee.peer else { throw .ENOTCONN }
    return peer.pointee.address
  }

  /// What getsockopt asks of a socket.
  public struct SocketFigures: BitwiseCopyable {
    public var kind: SocketKind
    public var isListening: Bool
    public var sendLimit: UInt64
    public var passesCredentials: Bool
    public var peer: PeerCredentials
  }

  public func figures(of file: KernelPointer<OpenFile>) throws(Errno) -> SocketFigures {
    let socket = try socket(file)
    return SocketFigures(
      kind: socket.pointee.kind, isListening: socket.pointee.backlog >= 0,
      sendLimit: socket.pointee.sendLimit, passesCredentials: socket.pointee.passesCredentials,
      peer: socket.pointee.peerOwner)
  }

  public func setPassesCredentials(
    _ passes: Bool, _ file: KernelPointer<OpenFile>
  ) throws(Errno) {
    try socket(file).pointee.passesCredentials = passes
  }

  /// SO_SNDBUF: doubled, for the kernel's own (sock_setsockopt()).
  public func setSendLimit(_ bytes: UInt64, _ file: KernelPointer<OpenFile>) throws(Errno) {
    try socket(file).pointee.sendLimit = min(max(bytes, 2304), 212_992) &* 2
  }
}

extension SocketAddress {
  /// Lends the path, up to a zero.
  func withPath<T>(_ body: (ByteString) throws(Errno) -> T) throws(Errno) -> T {
    var length = 0
    while length < count, bytes[length] != 0 { length &+= 1 }
    let span = bytes.span
    // SAFETY: the bytes are this value's, which outlives the call.
    return unsafe try span.withUnsafeBytes { (all) throws(Errno) in
      unsafe try body(ByteString(UnsafeRawBufferPointer(rebasing: all.prefix(length))))
    }
  }
}
