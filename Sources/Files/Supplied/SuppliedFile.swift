public import MemoryTypes

/// An open file that no file system has: a room above supplies what it does (timerfd, signalfd,
/// pidfd).
///
/// `kind` and `address` are that room's to choose. The inode owns the object: `release` is called
/// when nothing refers to the file any more.
public struct SuppliedFile: BitwiseCopyable, Hashable, Sendable {
  public var kind: UInt8
  public var address: UInt
  /// Whether lseek is taken, to no effect (noop_llseek()), or refused.
  public var isSeekable: Bool

  @inlinable public init(kind: UInt8, address: UInt, isSeekable: Bool = true) {
    self.kind = kind
    self.address = address
    self.isSeekable = isSeekable
  }
}

/// What such files do.
///
/// Nothing here waits: what cannot go on answers EAGAIN, and who may wait does so above, at the
/// inode. Whoever makes such a file ready calls ``FileSystem/happened(to:)``.
public struct SuppliedOperations {
  /// What follows `anon_inode:` in `/proc/PID/fd`.
  public let name: (SurroundingState, SuppliedFile) -> StaticString
  /// Reads: at most so many bytes into the sink; answers how many.
  public let read: (SurroundingState, SuppliedFile, UInt64, ByteSink) throws(Errno) -> Int
  public let readiness: (SurroundingState, SuppliedFile) -> Readiness
  public let release: (SurroundingState, SuppliedFile) -> Void

  public init(
    name: @escaping (SurroundingState, SuppliedFile) -> StaticString,
    read: @escaping (SurroundingState, SuppliedFile, UInt64, ByteSink) throws(Errno) -> Int,
    readiness: @escaping (SurroundingState, SuppliedFile) -> Readiness,
    release: @escaping (SurroundingState, SuppliedFile) -> Void
  ) {
    self.name = name
    self.read = read
    self.readiness = readiness
    self.release = release
  }

  /// For a machine that has none.
  public static var none: SuppliedOperations {
    SuppliedOperations(
      name: { _, _ in "[none]" }, read: { (_, _, _, _) throws(Errno) in throw .EINVAL },
      readiness: { _, _ in [] }, release: { _, _ in })
  }
}

/// What a file is ready for, as poll and epoll say it (POLLIN, EPOLLIN and so on).
public struct Readiness: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public static var input: Readiness { Readiness(rawValue: 0x001) }
  @inlinable public static var urgent: Readiness { Readiness(rawValue: 0x002) }
  @inlinable public static var output: Readiness { Readiness(rawValue: 0x004) }
  @inlinable public static var failed: Readiness { Readiness(rawValue: 0x008) }
  @inlinable public static var hungUp: Readiness { Readiness(rawValue: 0x010) }
  @inlinable public static var invalid: Readiness { Readiness(rawValue: 0x020) }
  @inlinable public static var normalInput: Readiness { Readiness(rawValue: 0x040) }
  @inlinable public static var normalOutput: Readiness { Readiness(rawValue: 0x100) }
  /// Nobody writes any more (POLLRDHUP).
  @inlinable public static var inputHungUp: Readiness { Readiness(rawValue: 0x2000) }

  /// What a regular file is always ready for (DEFAULT_POLLMASK).
  @inlinable public static var always: Readiness {
    [.input, .output, .normalInput, .normalOutput]
  }
}
