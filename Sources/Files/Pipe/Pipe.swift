import MemoryTypes

/// The bytes between those who write to a pipe and those who read from it (`pipe_inode_info`).
///
///     readers, writers == open files of each end
///     length <= capacity; the bytes are buffer[(start + i) mod capacity], i < length
struct Pipe: ~Copyable {
  /// Linux's default on 4K pages, 16 of them; here in bytes on every page size.
  static var capacity: Int { 65536 }
  /// Writes up to this are not torn apart (PIPE_BUF).
  static var atomicLength: Int { 4096 }

  let block: PageFrameNumber
  var readers = 1
  var writers = 1
  var start = 0
  var length = 0

  init(block: PageFrameNumber) { self.block = block }

  /// Where the next bytes to read lie without a break, and how many.
  var readable: (offset: Int, count: Int) { (start, min(length, Self.capacity &- start)) }

  /// Where the next bytes to write go without a break, and how many.
  var writable: (offset: Int, count: Int) {
    let end = (start &+ length) % Self.capacity
    return (end, min(Self.capacity &- length, Self.capacity &- end))
  }

  mutating func consume(_ count: Int) {
    start = (start &+ count) % Self.capacity
    length &-= count
  }
}

/// What a pipe's end is ready for.
public struct PipeReadiness: BitwiseCopyable, Sendable {
  /// There is something to read; there is room for a write that is not torn apart.
  public var hasBytes: Bool
  public var hasRoom: Bool
  /// The other end is closed.
  public var isCut: Bool
}
