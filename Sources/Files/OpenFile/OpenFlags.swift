/// How a file is opened: O_* as arm64 has them (arch/arm64/include/uapi/asm/fcntl.h swaps four).
public struct OpenFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The two bits of O_ACCMODE.
  @inlinable public static var writeOnly: OpenFlags { OpenFlags(rawValue: 0o1) }
  @inlinable public static var readWrite: OpenFlags { OpenFlags(rawValue: 0o2) }
  @inlinable public static var create: OpenFlags { OpenFlags(rawValue: 0o100) }
  @inlinable public static var exclusive: OpenFlags { OpenFlags(rawValue: 0o200) }
  @inlinable public static var noControllingTerminal: OpenFlags { OpenFlags(rawValue: 0o400) }
  @inlinable public static var truncate: OpenFlags { OpenFlags(rawValue: 0o1000) }
  @inlinable public static var append: OpenFlags { OpenFlags(rawValue: 0o2000) }
  @inlinable public static var nonBlocking: OpenFlags { OpenFlags(rawValue: 0o4000) }
  @inlinable public static var directory: OpenFlags { OpenFlags(rawValue: 0o40000) }
  @inlinable public static var noFollow: OpenFlags { OpenFlags(rawValue: 0o100000) }
  @inlinable public static var direct: OpenFlags { OpenFlags(rawValue: 0o200000) }
  @inlinable public static var largeFile: OpenFlags { OpenFlags(rawValue: 0o400000) }
  @inlinable public static var noAccessTime: OpenFlags { OpenFlags(rawValue: 0o1000000) }
  @inlinable public static var closeOnExec: OpenFlags { OpenFlags(rawValue: 0o2000000) }
  @inlinable public static var path: OpenFlags { OpenFlags(rawValue: 0o10000000) }
  /// `__O_TMPFILE`: a file without a name.
  @inlinable public static var temporary: OpenFlags { OpenFlags(rawValue: 0o20000000) }

  @inlinable public var mayRead: Bool {
    rawValue & 3 != 1 && rawValue & 3 != 3 && !contains(.path)
  }
  @inlinable public var mayWrite: Bool {
    (rawValue & 3 == 1 || rawValue & 3 == 2) && !contains(.path)
  }
}

extension OpenFlags {
  /// What the caller must be allowed to do with the file (ACC_MODE()).
  var access: FileAccess {
    let access: FileAccess =
      switch rawValue & 3 {
      case 0: .read
      case 1: .write
      default: [.read, .write]
      }
    return contains(.truncate) ? access.union(.write) : access
  }
}

/// How a path is walked: AT_* and what the last name must be.
public struct LookupOptions: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The last name, if it is a link, is the answer itself.
  @inlinable public static var noFollow: LookupOptions { LookupOptions(rawValue: 1) }
  /// The answer must be a folder.
  @inlinable public static var directory: LookupOptions { LookupOptions(rawValue: 2) }
  /// An empty path means the place where the walk starts (AT_EMPTY_PATH).
  @inlinable public static var emptyPath: LookupOptions { LookupOptions(rawValue: 4) }
}
