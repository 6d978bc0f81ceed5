/// How a task's programs are run (include/uapi/linux/personality.h).
public struct Personality: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// ADDR_NO_RANDOMIZE: what it executes is placed as without `--aslr`.
  @inlinable public static var noRandomization: Personality { Personality(rawValue: 0x004_0000) }
  /// READ_IMPLIES_EXEC: what may be read may be executed, too.
  @inlinable public static var readImpliesExecute: Personality {
    Personality(rawValue: 0x040_0000)
  }
  /// ADDR_COMPAT_LAYOUT: mappings from below.
  @inlinable public static var compatLayout: Personality { Personality(rawValue: 0x020_0000) }
}
