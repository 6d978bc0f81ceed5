/// Bytes of a module file that are known to be there.
///
/// The only way to one is the check, so whoever has one need not look again:
/// `0 <= start && 0 <= count && start + count <= length of the file`.
struct FileRange: BitwiseCopyable, Equatable {
  let start: Int
  let count: Int

  /// No bytes, nowhere.
  static var empty: Self { Self() }

  private init() {
    start = 0
    count = 0
  }

  /// An offset and a size as the file has them; nil where they reach outside
  /// (`validate_section_offset()`).
  init?(_ start: UInt64, _ count: UInt64, within length: Int) {
    let (end, overflow) = start.addingReportingOverflow(count)
    guard !overflow, end <= UInt64(length) else { return nil }
    self.start = Int(start)
    self.count = Int(count)
  }

  var end: Int { start &+ count }

  /// Whether there is a byte in both; none is in an empty one.
  func overlaps(_ other: Self) -> Bool {
    count > 0 && other.count > 0 && start < other.end && other.start < end
  }
}
