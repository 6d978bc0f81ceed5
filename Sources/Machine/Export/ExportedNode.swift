/// What the guest left of one file, folder or link that the tool takes back, as the kernel sent it
/// and ``ExportReceiver`` checked it.
final class ExportedNode {
  /// Its name's bytes: no zero, no slash, neither `.` nor `..`; empty at the top.
  let name: [UInt8]
  let mode: UInt32
  /// The archive's entry that it began as, plus one; 0 for what was made since.
  let origin: Int
  /// Names of one file have the same.
  let identity: UInt64
  let size: UInt64
  /// How many of the first bytes are the origin's, where no piece says otherwise.
  let base: UInt64
  let seconds: Int64
  let nanoseconds: UInt32
  let isChanged: Bool
  let target: [UInt8]
  /// The bytes, each piece with its place, in order.
  var pieces: [(place: UInt64, bytes: [UInt8])] = []
  var children: [ExportedNode] = []

  init(
    name: [UInt8], mode: UInt32, origin: Int, identity: UInt64, size: UInt64, base: UInt64,
    seconds: Int64, nanoseconds: UInt32, isChanged: Bool, target: [UInt8]
  ) {
    self.name = name
    self.mode = mode
    self.origin = origin
    self.identity = identity
    self.size = size
    self.base = base
    self.seconds = seconds
    self.nanoseconds = nanoseconds
    self.isChanged = isChanged
    self.target = target
  }

  var isFolder: Bool { mode & 0o170000 == 0o040000 }
  var isRegular: Bool { mode & 0o170000 == 0o100000 }
  var isLink: Bool { mode & 0o170000 == 0o120000 }

  /// The name, for a person.
  var shownName: String { String(decoding: name, as: UTF8.self) }
}
