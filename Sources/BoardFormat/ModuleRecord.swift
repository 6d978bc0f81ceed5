/// A kernel module that the tool wants loaded, as one area of the board file holds them: a record
/// after another, the last one without a file.
///
/// Behind the record come the file's name, the parameters and, from the next multiple of 16 on, the
/// file's bytes; the next record begins at the next multiple of 16 again.
public struct ModuleRecord: BitwiseCopyable, Sendable {
  public var fileLength: UInt64 = 0
  public var nameLength: UInt32 = 0
  public var parameterLength: UInt32 = 0

  @inlinable public init() {}

  @inlinable public static var alignment: UInt64 { 16 }
  /// Bytes in front of the file.
  @inlinable public var fileOffset: UInt64 {
    Self.aligned(16 &+ UInt64(nameLength) &+ UInt64(parameterLength))
  }
  /// Bytes up to the next record.
  @inlinable public var stride: UInt64 { Self.aligned(fileOffset &+ fileLength) }

  @inlinable static func aligned(_ length: UInt64) -> UInt64 {
    (length &+ alignment &- 1) & ~(alignment &- 1)
  }
}
