/// The sixteen limits of a process (include/uapi/asm-generic/resource.h), soft and hard.
///
/// They live with the process and are shared by its threads; address spaces read them where
/// Linux asks `rlimit()`.
public struct ResourceLimits: BitwiseCopyable, Sendable {
  /// No limit (RLIM_INFINITY).
  @inlinable public static var infinity: UInt64 { UInt64.max }

  /// What a limit limits, by Linux's numbers.
  public enum Resource: Int, BitwiseCopyable, CaseIterable, Sendable {
    case cpu = 0
    case fileSize, data, stack, core, residentSet, processes, openFiles, lockedMemory
    case addressSpace, locks, pendingSignals, messageQueues, nice, realtimePriority, realtimeTime
  }

  /// One limit: what is enforced, and how far its owner may raise it.
  public struct Limit: BitwiseCopyable, Sendable {
    public var soft: UInt64
    public var hard: UInt64

    @inlinable public init(soft: UInt64, hard: UInt64) {
      self.soft = soft
      self.hard = hard
    }
  }

  @usableFromInline
  var limits: InlineArray<16, Limit> = .init(
    repeating: Limit(soft: Self.infinity, hard: Self.infinity))

  /// Every limit infinite.
  @inlinable public init() {}

  /// One limit.
  @inlinable public subscript(resource: Resource) -> Limit {
    get { limits[resource.rawValue] }
    set { limits[resource.rawValue] = newValue }
  }
}
