/// How a file is opened: O_* as arm64 has them (arch/arm64/include/uapi/asm/fcntl.h swaps four).
public struct OpenFlags: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The two bits of O_ACCMODE.
  public static let writeOnly = OpenFlags(rawValue: 0o1)
  public static let readWrite = OpenFlags(rawValue: 0o2)
  public static let create = OpenFlags(rawValue: 0o100)
  public static let exclusive = OpenFlags(rawValue: 0o200)
  public static let noControllingTerminal = OpenFlags(rawValue: 0o400)
  public static let truncate = OpenFlags(rawValue: 0o1000)
  public static let append = OpenFlags(rawValue: 0o2000)
  public static let nonBlocking = OpenFlags(rawValue: 0o4000)
  public static let directory = OpenFlags(rawValue: 0o40000)
  public static let noFollow = OpenFlags(rawValue: 0o100000)
  public static let direct = OpenFlags(rawValue: 0o200000)
  public static let largeFile = OpenFlags(rawValue: 0o400000)
  public static let noAccessTime = OpenFlags(rawValue: 0o1000000)
  public static let closeOnExec = OpenFlags(rawValue: 0o2000000)
  public static let path = OpenFlags(rawValue: 0o10000000)
  /// `__O_TMPFILE`: a file without a name.
  public static let temporary = OpenFlags(rawValue: 0o20000000)

  @inlinable public var mayRead: Bool {
    rawValue & 3 != 1 && rawValue & 3 != 3 && !contains(.path)
  }
  @inlinable public var mayWrite: Bool {
    (rawValue & 3 == 1 || rawValue & 3 == 2) && !contains(.path)
  }
}

/// How a path is walked: AT_* and what the last name must be.
public struct LookupOptions: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The last name, if it is a link, is the answer itself.
  public static let noFollow = LookupOptions(rawValue: 1)
  /// The answer must be a folder.
  public static let directory = LookupOptions(rawValue: 2)
  /// An empty path means the place where the walk starts (AT_EMPTY_PATH).
  public static let emptyPath = LookupOptions(rawValue: 4)
}
