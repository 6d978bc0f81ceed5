/// What the kernel sends, at the end of a run, of the folders that the tool takes back
/// (`--bind HOST:GUEST:rw`).
///
/// The payloads of ``ConsoleFrame/Channel/export`` frames, one after the other, are a stream of
/// records, each an ``ExportRecord`` and `length` bytes behind it. For each folder, in the order of
/// their entries in the archive:
///
/// ```
/// begin                      origin: the folder's entry
/// entry                      the folder itself (no name), or the file if a file is bound
///   entry NAME …             what is in it; folders are followed by what is in them, and `leave`
///   data …                   behind a changed file's entry: its pages
/// leave
/// ```
/// and behind all of them one `finish`. A stream without it is worth nothing: the machine died
/// while it sent, and nothing may be changed. Nothing in it is believed: names, lengths, offsets
/// and the order are checked by the tool before it touches anything.
public struct ExportRecord: BitwiseCopyable, Sendable {
  /// A ``Kind``, as a number.
  public var kind: UInt32 = 0
  /// The bytes behind the record: a name, and behind that a link's target; or data.
  public var length: UInt32 = 0
  /// The archive's entry that it began as, plus one; 0 for what was made since.
  public var origin: UInt32 = 0
  /// Type and permissions as `st_mode` has them.
  public var mode: UInt32 = 0
  /// Names with the same number here are names of one file.
  public var identity: UInt64 = 0
  /// A file's size; for data, where in the file it begins.
  public var size: UInt64 = 0
  /// How many of the first bytes are still the origin's, where no data says otherwise.
  public var base: UInt64 = 0
  public var seconds: Int64 = 0
  public var nanoseconds: UInt32 = 0
  public var nameLength: UInt32 = 0
  /// 1 where the bytes are not the origin's any more.
  public var isChanged: UInt32 = 0
  public var padding: UInt32 = 0

  @inlinable public init() {}

  /// The bytes of a record without what is behind it.
  @inlinable public static var size: Int { 64 }

  /// What a record says.
  public enum Kind: UInt32, Sendable {
    case begin = 1
    case entry = 2
    case data = 3
    case leave = 4
    case finish = 5
  }
}
