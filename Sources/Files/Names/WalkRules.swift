/// What a path may not do on its way (RESOLVE_* of openat2).
public struct WalkRules: OptionSet, BitwiseCopyable, Sendable {
  public var rawValue: UInt32
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// Go to another file system.
  @inlinable public static var oneMount: WalkRules { WalkRules(rawValue: 1) }
  /// Follow the links of `/proc` that lead to places rather than say paths.
  @inlinable public static var noPlaceLinks: WalkRules { WalkRules(rawValue: 2) }
  @inlinable public static var noLinks: WalkRules { WalkRules(rawValue: 4) }
  /// Leave the folder that it began in.
  @inlinable public static var beneath: WalkRules { WalkRules(rawValue: 8) }
  /// That folder is `/`.
  @inlinable public static var inRoot: WalkRules { WalkRules(rawValue: 16) }
}
