/// The files the guest may see, as one area of the board file.
///
/// ```
/// 0                  ArchiveHeader
/// header.entries     ArchiveEntry × header.count, a folder before what is in it, "/" first
/// header.names       the paths' bytes, not terminated
/// entry.data         a file's bytes, each file's on a 64 KiB boundary; a link's target
/// header.blocks      the disk's free part, where there are files that may be written
/// ```
/// Offsets count from the start of the area. The kernel checks each before it uses it.
public struct ArchiveHeader: BitwiseCopyable, Sendable {
  @inlinable public static var magic: UInt64 { 0x3145_5649_4843_5241 }  // "ARCHIVE1"
  public var magic: UInt64 = ArchiveHeader.magic
  public var count: UInt64 = 0
  public var entries: UInt64 = 0
  public var names: UInt64 = 0
  /// Room on a 64 KiB boundary, to which the kernel writes pages of files back.
  public var blocks: UInt64 = 0
  public var blocksLength: UInt64 = 0
  @inlinable public init() {}
}

/// One file, folder or link.
public struct ArchiveEntry: BitwiseCopyable, Sendable {
  /// The absolute path's place, from the start of the names, and length in bytes.
  public var name: UInt32 = 0
  public var nameLength: UInt32 = 0
  /// Type and permissions as `st_mode` has them (S_IFREG 0o100000, S_IFDIR 0o040000, S_IFLNK
  /// 0o120000).
  public var mode: UInt32 = 0
  public var store: Store = .memory
  /// The place and length of the contents.
  public var data: UInt64 = 0
  public var size: UInt64 = 0
  /// Seconds since 1970.
  public var modified: UInt64 = 0

  @inlinable public init() {}

  /// What lies under the file.
  public enum Store: UInt32, BitwiseCopyable, Sendable {
    /// tmpfs: its pages are in RAM from the start, as an initramfs leaves them.
    case memory = 0
    /// A disk: its pages come into the page cache when first used.
    case disk = 1
    /// A disk whose changes the tool takes back; such files lie below a `boundTop`.
    case bound = 2
    /// The folder or file that such a disk begins with.
    case boundTop = 3
  }
}

/// Arguments and environment of the first program, as one area.
///
/// The strings follow the block, each with a terminating zero: the path to execute, `argc`
/// arguments, `envc` variables.
public struct ProgramArguments: BitwiseCopyable, Sendable {
  public var argc: UInt32 = 0
  public var envc: UInt32 = 0
  /// Bytes of strings behind this block.
  public var length: UInt64 = 0
  @inlinable public init() {}
}
