public import MemoryTypes

/// A page of a file, as a fault or a copy gets it.
public struct CachedPage: BitwiseCopyable, Sendable {
  public var frame: PageFrameNumber
  /// Whether it had to be read from the disk: then the fault is a major one.
  public var wasReadIn: Bool

  @inlinable public init(frame: PageFrameNumber, wasReadIn: Bool) {
    self.frame = frame
    self.wasReadIn = wasReadIn
  }
}
