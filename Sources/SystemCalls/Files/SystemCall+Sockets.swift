import AddressSpaces
import Arm64
import Files
import MemoryTypes
import Tasks

/// Sockets within the machine (net/socket.c, net/unix/af_unix.c); of the other families there is
/// none.
extension SystemCall {
  /// The calls of sockets, by their numbers.
  @inline(never)
  func socketCall(_ number: UInt64) throws(Errno) -> UInt64 {
    switch number {
    case 198: return try makeSocket()
    case 199: return try makeSocketPair()
    case 200: return try bindSocket()
    case 201: return try listenAtSocket()
    case 202, 242: return try acceptConnection(hasFlags: number == 242)
    case 203: return try connectSocket()
    case 204, 205: return try socketName(peers: number == 205)
    case 206: return try sendTo()
    case 207: return try receiveFrom()
    case 208: return try setSocketOption()
    case 209: return try socketOption()
    case 210: return try shutDownSocket()
    case 211: return try sendMessage()
    case 212: return try receiveMessage()
    case 243: return try receiveMessages()
    default: return try sendMessages()
    }
  }

  private func parse(
    _ family: UInt32, _ type: UInt32, _ protocolNumber: Int32
  ) throws(Errno) -> (SocketKind, OpenFlags) {
    let flags = OpenFlags(rawValue: type & ~0xf)
    guard flags.subtracting([.nonBlocking, .closeOnExec]).isEmpty else { throw .EINVAL }
    guard family == 1 else { throw .EAFNOSUPPORT }
    guard protocolNumber == 0 || protocolNumber == 1 else { throw .EPROTONOSUPPORT }
    // SOCK_RAW is taken for SOCK_DGRAM (unix_create()).
    let number = type & 0xf == 3 ? 2 : type & 0xf
    guard let kind = SocketKind(rawValue: number) else { throw .ESOCKTNOSUPPORT }
    return (kind, flags)
  }

  var ownCredentials: PeerCredentials {
    PeerCredentials(
      pid: task.pointee.threadGroup, user: task.pointee.credentials.effectiveUser,
      group: task.pointee.credentials.effectiveGroup)
  }

  /// socket(family, type, protocol).
  func makeSocket() throws(Errno) -> UInt64 {
    let (kind, flags) = try parse(word(0), word(1), int(2))
    return try install(
      files.pointee.makeSocket(kind, flags, by: ownCredentials),
      closeOnExec: flags.contains(.closeOnExec))
  }

  /// socketpair(family, type, protocol, descriptors).
  func makeSocketPair() throws(Errno) -> UInt64 {
    let (kind, flags) = try parse(word(0), word(1), int(2))
    let a = try files.pointee.makeSocket(kind, flags, by: ownCredentials)
    let b: KernelPointer<OpenFile>
    do throws(Errno) {
      b = try files.pointee.makeSocket(kind, flags, by: ownCredentials)
      try files.pointee.join(a, b)
    } catch {
      files.pointee.release(a)
      throw error
    }
    try installPair(a, b, closeOnExec: flags.contains(.closeOnExec), to: address(3))
    return 0
  }

  /// bind(fd, address, length).
  func bindSocket() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    if word(2) == 2, files.pointee.isSocket(file),
      try space.pointee.copyIn(UInt16.self, from: address(1)) == 1
    {
      try files.pointee.bindAnywhere(file)
      return 0
    }
    let address = try loadAddress(address(1), length: word(2))
    try files.pointee.bind(
      file, address, from: workingDirectory, permissions: 0o777 & ~umask)
    return 0
  }

  /// listen(fd, backlog).
  func listenAtSocket() throws(Errno) -> UInt64 {
    // somaxconn.
    try files.pointee.listen(readyFile(0), min(Int(int(1)), 4096))
    return 0
  }

  /// connect(fd, address, length).
  func connectSocket() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    guard files.pointee.isSocket(file) else { throw .ENOTSOCK }
    let address = try loadAddress(address(1), length: word(2))
    // Another thread may close the descriptor meanwhile.
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    while true {
      do throws(Errno) {
        try files.pointee.connect(file, address, from: workingDirectory, by: ownCredentials)
        return 0
      } catch {
        guard error == .EAGAIN, !file.pointee.flags.contains(.nonBlocking) else { throw error }
      }
      // Whoever accepts makes room; that is no event of this file.
      guard try kernel.waitForAnything(until: nil) else { throw .EAGAIN }
    }
  }

  /// accept(fd, address, length) and accept4, which has flags.
  func acceptConnection(hasFlags: Bool) throws(Errno) -> UInt64 {
    let flags = OpenFlags(rawValue: hasFlags ? word(3) : 0)
    guard flags.subtracting([.nonBlocking, .closeOnExec]).isEmpty else { throw .EINVAL }
    let file = try readyFile(0)
    files.pointee.retain(file)
    defer { files.pointee.release(file) }
    while true {
      do throws(Errno) {
        let end = try files.pointee.accept(file, flags)
        if argument(1) != 0 {
          do throws(Errno) {
            try storeAddress(
              files.pointee.address(of: end, peers: true), to: address(1), length: address(2),
              hasFamily: true)
          } catch {
            files.pointee.release(end)
            throw error
          }
        }
        return try install(end, closeOnExec: flags.contains(.closeOnExec))
      } catch {
        guard error == .EAGAIN, !file.pointee.flags.contains(.nonBlocking) else { throw error }
      }
      _ = try kernel.wait(at: file.pointee.inode)
    }
  }

  /// getsockname and getpeername.
  func socketName(peers: Bool) throws(Errno) -> UInt64 {
    try storeAddress(
      files.pointee.address(of: readyFile(0), peers: peers), to: address(1), length: address(2),
      hasFamily: true)
    return 0
  }

  /// shutdown(fd, how).
  func shutDownSocket() throws(Errno) -> UInt64 {
    try files.pointee.shutDown(readyFile(0), word(1))
    return 0
  }

  /// getsockopt(fd, level, option, value, length): of SOL_SOCKET what there is.
  func socketOption() throws(Errno) -> UInt64 {
    let figures = try files.pointee.figures(of: readyFile(0))
    let room = try space.pointee.copyIn(Int32.self, from: address(4))
    guard room >= 0 else { throw .EINVAL }
    guard int(1) == 1 else { throw .EOPNOTSUPP }
    let value: Int32
    switch int(2) {
    case 3: value = Int32(figures.kind.rawValue)  // SO_TYPE
    case 4: value = 0  // SO_ERROR
    case 7: value = Int32(truncatingIfNeeded: figures.sendLimit)  // SO_SNDBUF
    case 8: value = 212_992  // SO_RCVBUF
    case 16: value = figures.passesCredentials ? 1 : 0  // SO_PASSCRED
    case 17:  // SO_PEERCRED
      guard room >= 12 else { throw .EINVAL }
      try space.pointee.copyOut(figures.peer, to: address(3))
      try space.pointee.copyOut(Int32(12), to: address(4))
      return 0
    case 30: value = figures.isListening ? 1 : 0  // SO_ACCEPTCONN
    case 38: value = 0  // SO_PROTOCOL
    case 39: value = 1  // SO_DOMAIN
    case 2, 5, 6, 9, 10, 12, 15: value = 0
    default: throw .ENOPROTOOPT
    }
    var word = value
    let length = min(Int(room), 4)
    try unsafe withUnsafeBytes(of: &word) { (bytes) throws(Errno) in
      guard let start = bytes.baseAddress else { return }
      try unsafe space.pointee.copyOut(start, to: address(3), length)
    }
    try space.pointee.copyOut(Int32(length), to: address(4))
    return 0
  }

  /// setsockopt(fd, level, option, value, length).
  func setSocketOption() throws(Errno) -> UInt64 {
    let file = try readyFile(0)
    _ = try files.pointee.figures(of: file)
    guard int(4) >= 0 else { throw .EINVAL }
    guard int(1) == 1 else { throw .EOPNOTSUPP }
    guard int(4) >= 4 else { throw .EINVAL }
    let value = try space.pointee.copyIn(Int32.self, from: address(3))
    switch int(2) {
    case 7: try files.pointee.setSendLimit(UInt64(max(value, 0)), file)
    case 16: try files.pointee.setPassesCredentials(value != 0, file)
    // SO_REUSEADDR, SO_DONTROUTE, SO_BROADCAST, SO_RCVBUF, SO_KEEPALIVE, SO_PRIORITY, SO_REUSEPORT,
    // SO_RCVTIMEO, SO_SNDTIMEO: taken, and of no use here.
    case 2, 5, 6, 8, 9, 12, 15, 20, 21: break
    default: throw .ENOPROTOOPT
    }
    return 0
  }
}
