/// How urgent a message is (include/linux/kern_levels.h), most urgent first.
public enum LogLevel: UInt8, BitwiseCopyable, Comparable, Sendable, CaseIterable {
  case emergency = 0
  case alert, critical, error, warning, notice, information, debug

  /// What a message has that names none (`KERN_DEFAULT`, CONFIG_MESSAGE_LOGLEVEL_DEFAULT).
  @inlinable public static var byDefault: LogLevel { .warning }

  @inlinable public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}
