/// What nobody may do any more to a file in memory (F_SEAL_*, include/uapi/linux/fcntl.h).
///
/// Seals are only added. Files of tmpfs are born with `.seal`, so that none can be added; those of
/// memfd_create with MFD_ALLOW_SEALING are born without.
public struct FileSeals: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Add further seals.
  @inlinable public static var seal: FileSeals { FileSeals(rawValue: 1) }
  @inlinable public static var shrink: FileSeals { FileSeals(rawValue: 2) }
  @inlinable public static var grow: FileSeals { FileSeals(rawValue: 4) }
  /// Write, now and in any way.
  @inlinable public static var write: FileSeals { FileSeals(rawValue: 8) }
  /// Write, but through mappings that were made before.
  @inlinable public static var futureWrite: FileSeals { FileSeals(rawValue: 16) }

  @inlinable public static var all: FileSeals { [.seal, .shrink, .grow, .write, .futureWrite] }
  @inlinable public static var anyWrite: FileSeals { [.write, .futureWrite] }
}
