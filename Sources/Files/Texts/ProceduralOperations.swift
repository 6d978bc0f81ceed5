public import Arm64
public import MemoryTypes

/// What the files of `/proc` and `/sys` do when they are opened, read and written; the room that
/// makes their texts supplies it.
public struct ProceduralOperations<B: Board> {
  /// Asked when one is opened; throws where the caller may not (`proc_mem_open()` and its like).
  public let open: (SurroundingState, ProceduralNode, OpenFlags) throws(Errno) -> Void

  /// Whether the caller may do what the permission bits forbid: the folders of its own descriptors
  /// and mappings stay open to a process that has become somebody else
  /// (fs/proc/fd.c:proc_fd_permission()).
  public let grants: (SurroundingState, ProceduralNode) -> Bool

  /// How one is read.
  public let style: (ProceduralNode) -> ProceduralStyle

  /// Writes the record at a position and moves that on; false behind the last one.
  ///
  /// A text that is made in one go has one record, at 0. A writer that overflowed is thrown away,
  /// and the record asked for again with more room.
  public let record:
    (SurroundingState, ProceduralNode, inout UInt64, inout TextWriter<B>) throws(Errno) -> Bool

  /// Reads what is no text at a position; answers the bytes that the sink took.
  public let read: (SurroundingState, ProceduralNode, UInt64, UInt64, ByteSink) throws(Errno) -> Int

  /// Takes what a program writes at a position; answers the bytes it used.
  public let write:
    (SurroundingState, ProceduralNode, UInt64, UInt64, ByteSource) throws(Errno) -> Int

  /// Makes a folder of that name in a procedural one, or removes one; EPERM where none can be.
  public let makeFolder: (SurroundingState, ProceduralNode, ByteString) throws(Errno) -> Void
  public let removeFolder: (SurroundingState, ProceduralNode) throws(Errno) -> Void

  /// Changes whose a node is and what may be done with it; EPERM where that is the kernel's.
  public let change: (SurroundingState, ProceduralNode, ProceduralChange) throws(Errno) -> Void

  /// How often what a file says has changed, of those that one can wait for; nil of others.
  public let version: (SurroundingState, ProceduralNode) -> UInt64?

  public init(
    open: @escaping (SurroundingState, ProceduralNode, OpenFlags) throws(Errno) -> Void,
    grants: @escaping (SurroundingState, ProceduralNode) -> Bool,
    style: @escaping (ProceduralNode) -> ProceduralStyle,
    record:
      @escaping (SurroundingState, ProceduralNode, inout UInt64, inout TextWriter<B>)
      throws(Errno) -> Bool,
    read:
      @escaping (SurroundingState, ProceduralNode, UInt64, UInt64, ByteSink) throws(Errno)
      -> Int,
    write:
      @escaping (SurroundingState, ProceduralNode, UInt64, UInt64, ByteSource) throws(Errno)
      -> Int,
    makeFolder:
      @escaping (SurroundingState, ProceduralNode, ByteString) throws(Errno) -> Void,
    removeFolder: @escaping (SurroundingState, ProceduralNode) throws(Errno) -> Void,
    change:
      @escaping (SurroundingState, ProceduralNode, ProceduralChange) throws(Errno) -> Void,
    version: @escaping (SurroundingState, ProceduralNode) -> UInt64?
  ) {
    self.open = open
    self.grants = grants
    self.style = style
    self.record = record
    self.read = read
    self.write = write
    self.makeFolder = makeFolder
    self.removeFolder = removeFolder
    self.change = change
    self.version = version
  }

  /// For a machine that has no texts.
  public static var none: ProceduralOperations<B> {
    ProceduralOperations(
      open: { (_, _, _) throws(Errno) in throw .EIO }, grants: { _, _ in false },
      style: { _ in .records },
      record: { (_, _, _, _) throws(Errno) in throw .EIO },
      read: { (_, _, _, _, _) throws(Errno) in throw .EIO },
      write: { (_, _, _, _, _) throws(Errno) in throw .EIO },
      makeFolder: { (_, _, _) throws(Errno) in throw .EPERM },
      removeFolder: { (_, _) throws(Errno) in throw .EPERM },
      change: { (_, _, _) throws(Errno) in throw .EPERM }, version: { _, _ in nil })
  }
}

/// What chmod and chown ask for; nil leaves a thing as it is.
public struct ProceduralChange: BitwiseCopyable, Sendable {
  public var permissions: UInt32?
  public var owner: UInt32?
  public var group: UInt32?
}

/// How a procedural file is read: what its `read` and `lseek` are in Linux.
public enum ProceduralStyle: BitwiseCopyable, Sendable {
  /// A text of records (fs/seq_file.c).
  case records
  /// A short text that any piece can be taken of (`simple_read_from_buffer()`).
  case string
  /// Numbers, which are only read from the beginning on, and what did not fit is lost
  /// (kernel/sysctl.c: proc_dointvec()).
  case numbers
  /// No text: bytes at any position (`/proc/PID/mem`, `pagemap`).
  case bytes
}
