/// A file's type and permissions, as `st_mode` has them (include/uapi/linux/stat.h).
public struct FileMode: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable public init(_ type: FileType, permissions: UInt32) {
    rawValue = UInt32(type.rawValue) &<< 12 | permissions & 0o7777
  }

  /// The type in bits 15:12; nil where they name none.
  @inlinable public var type: FileType? {
    FileType(rawValue: UInt8(truncatingIfNeeded: rawValue &>> 12) & 15)
  }

  @inlinable public var permissions: UInt32 {
    get { rawValue & 0o7777 }
    set { rawValue = rawValue & ~0o7777 | newValue & 0o7777 }
  }
}

/// What a file is: the numbers of S_IFMT shifted down, which are those of `d_type` too.
public enum FileType: UInt8, BitwiseCopyable, Sendable {
  case fifo = 1
  case characterDevice = 2
  case directory = 4
  case blockDevice = 6
  case regular = 8
  case symbolicLink = 10
  case socket = 12
}

/// A device's number: 12 bits of major, 20 of minor (include/linux/kdev_t.h).
public struct DeviceNumber: BitwiseCopyable, Hashable, Sendable {
  public var major: UInt32
  public var minor: UInt32

  @inlinable public init(_ major: UInt32, _ minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  /// The form that `stat` reports (new_encode_dev()).
  @inlinable public var encoded: UInt64 {
    UInt64(minor & 0xFF | major &<< 8 | (minor & ~0xFF) &<< 12)
  }

}

/// A moment: seconds since 1970 and nanoseconds.
public struct FileTime: BitwiseCopyable, Hashable, Comparable, Sendable {
  public var seconds: Int64
  public var nanoseconds: UInt32

  @inlinable public init(seconds: Int64 = 0, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  @inlinable public static func < (a: Self, b: Self) -> Bool {
    a.seconds != b.seconds ? a.seconds < b.seconds : a.nanoseconds < b.nanoseconds
  }
}
