import MemoryTypes

/// An end of a connection within the machine (AF_UNIX, net/unix/af_unix.c).
///
/// Terms
/// - Two *connected* sockets name each other as peers; neither holds a reference of the other: who
///   goes first tells the other.
/// - What was sent lies in the receiver's queue as *messages*: a stream's are pieces of a stream
///   and are read across, others are read one at a time, and what does not fit is lost.
/// - A *listening* socket's queue of connections holds the server's ends that nobody accepted yet,
///   each an open file with one reference.
///
/// - Datagram sockets choose their receivers one by one, and a receiver knows who has chosen it.
///
///     peer.peer == self, or self is in peer's list of senders; queued == the bytes of all messages
///     in the queue
struct Socket: ~Copyable {
  let kind: SocketKind
  /// The inode that owns it; while it waits to be accepted, that of its open file.
  let inode: KernelPointer<Inode>
  var peer: KernelPointer<Socket>?
  /// Datagrams: those whose peer it is, and its place among those of its own peer.
  var firstSender: KernelPointer<Socket>?
  var nextSender: KernelPointer<Socket>?
  var previousSender: KernelPointer<Socket>?
  /// Whether it ever had a peer: then it stays connected to nobody.
  var wasConnected = false
  /// What was shut down (RCV_SHUTDOWN, SEND_SHUTDOWN), and whether the peer has ended sending.
  var readsNoMore = false
  var sendsNoMore = false
  var peerSendsNoMore = false
  /// Whether its end left bytes unread, so that the other is told of a reset.
  var wasReset = false
  var firstMessage: KernelPointer<Message>?
  var lastMessage: KernelPointer<Message>?
  var queued: UInt64 = 0
  /// How much may lie in the peer's queue (SO_SNDBUF).
  var sendLimit: UInt64 = 212_992
  var passesCredentials = false
  /// Who made it, for SO_PEERCRED.
  var owner = PeerCredentials()
  var peerOwner = PeerCredentials()
  /// The address that it is bound to, as `sun_path`'s bytes; the length without the family.
  ///
  /// What was accepted shows that of the socket it was accepted at, and cannot be found by it.
  var address = SocketAddress()
  var isBound = false
  /// The name of that, if it is one in the tree, with a reference.
  var boundName: KernelPointer<Dentry>?
  /// For a listening one: how many may wait, and those who do.
  var backlog = -1
  var waitingCount = 0
  var firstWaiting: KernelPointer<OpenFile>?
  var nextWaiting: KernelPointer<OpenFile>?
  /// All bound sockets.
  var nextBound: KernelPointer<Socket>?

  init(kind: SocketKind, inode: KernelPointer<Inode>) {
    self.kind = kind
    self.inode = inode
  }
}

/// SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET.
public enum SocketKind: UInt32, BitwiseCopyable, Sendable {
  case stream = 1
  case datagram = 2
  case sequence = 5
}

/// `struct ucred`.
public struct PeerCredentials: BitwiseCopyable, Sendable {
  public var pid: Int32 = 0
  public var user: UInt32 = .max
  public var group: UInt32 = .max

  public init() {}
  public init(pid: Int32, user: UInt32, group: UInt32) {
    self.pid = pid
    self.user = user
    self.group = group
  }
}

/// `sun_path`: a path, or behind a zero any bytes; at most 108.
public struct SocketAddress: BitwiseCopyable, Sendable {
  public internal(set) var count = 0
  var bytes: InlineArray<112, UInt8> = .init(repeating: 0)

  public init() {}

  public init(_ text: ByteString) {
    count = min(text.count, 108)
    for index in 0..<count { bytes[index] = text[index] }
  }

  /// A zero and five hexadecimal digits.
  init(automatic number: UInt32) {
    count = 6
    for index in 1...5 {
      let digit = UInt8(number &>> UInt32((5 &- index) &* 4) & 15)
      bytes[index] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
    }
  }

  public subscript(index: Int) -> UInt8 { bytes[index] }

  static func == (a: SocketAddress, b: SocketAddress) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a.bytes[index] != b.bytes[index] { return false }
    return true
  }
}

/// Some bytes under way, and what travels with them (`struct sk_buff`, `unix_skb_parms`).
///
/// The bytes follow the object in the same buffer of the heap. It holds a reference of each file.
struct Message: ~Copyable {
  static var maximumFiles: Int { 253 }  // SCM_MAX_FD

  var next: KernelPointer<Message>?
  /// The bytes of the whole buffer, the bytes that travel, and how many of them were read.
  let size: UInt64
  var length: Int
  var done = 0
  let sender: PeerCredentials
  var address: SocketAddress
  /// The address of an array of files, and how many.
  var files: UInt = 0
  var fileCount = 0

  init(size: UInt64, length: Int, sender: PeerCredentials, address: SocketAddress) {
    self.size = size
    self.length = length
    self.sender = sender
    self.address = address
  }
}

extension KernelPointer<Message> {
  /// The bytes that travel.
  var payload: UnsafeMutableRawPointer {
    // SAFETY: the object was put at the start of a buffer that has the bytes behind it.
    unsafe raw + MemoryLayout<Message>.stride
  }
}

/// What came with a message that was received.
public struct Received: BitwiseCopyable {
  public var count = 0
  /// The length of the whole message, where it was cut (MSG_TRUNC).
  public var wholeLength = 0
  public var sender = PeerCredentials()
  public var address = SocketAddress()
  /// The address of the array of files that came, each with a reference for the receiver, and how
  /// many; given back by ``FileSystem/freeFiles(_:_:)``.
  public var files: UInt = 0
  public var fileCount = 0
  public init() {}
}
