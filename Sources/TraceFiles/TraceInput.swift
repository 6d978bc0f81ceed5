import Glibc

/// The bytes of a file from front to back, decompressed where it is compressed.
///
/// A window moves over it: what has not been taken yet is `available`, and `fill` makes it more. The
/// first bytes say how it is compressed (gzip, zstd, xz, ZIP), not its name.
@safe
package final class TraceInput {
  package let name: String
  private let descriptor: Int32
  private var decoder: StreamDecoder
  /// SAFETY: `capacity` bytes, owned; those from `at` to `end` are set.
  private let window: UnsafeMutableRawPointer
  private var at = 0
  private var end = 0
  private var isEnded = false
  /// Whether the last line that was taken has no end.
  private var isCut = false
  /// How many bytes were taken: the offset of the next one.
  package private(set) var offset: UInt64 = 0
  /// How many lines were taken.
  package private(set) var line: UInt64 = 0

  /// No line and no record is longer.
  package static var capacity: Int { 1 << 20 }

  /// Opens a file, or standard input for "-".
  package init(_ path: String) throws(TraceError) {
    name = path
    if path == "-" {
      descriptor = dup(0)
    } else {
      descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    }
    unsafe window = .allocate(byteCount: Self.capacity, alignment: 64)
    decoder = .plain
    guard descriptor >= 0 else { throw TraceError(.unreadable, "\(path): \(Self.reason())") }
    try fill()
    decoder = unsafe StreamDecoder.found(in: available)
    if case .plain = decoder { return }
    // What was read is compressed: the decoder takes it first.
    unsafe decoder.give(available)
    at = end
    try fill()
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    unsafe window.deallocate()
  }

  /// What the system says of the last failure.
  package static func reason() -> String {
    unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "?"
  }

  /// How far it has been read.
  package var progress: TraceProgress { TraceProgress(descriptor: descriptor) }

  /// What has been read and not taken.
  package var available: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: window + at, count: end - at)
  }

  /// Reads more behind what is available; false at the end of the file, or where there is no room.
  @discardableResult
  package func fill() throws(TraceError) -> Bool {
    if isEnded { return false }
    if at > 0 {
      unsafe window.copyMemory(from: window + at, byteCount: end - at)
      end -= at
      at = 0
    }
    guard end < Self.capacity else { return false }
    let room = unsafe UnsafeMutableRawBufferPointer(
      start: window + end, count: Self.capacity - end)
    let count: Int
    do throws(StreamDecoder.Failure) {
      count = unsafe try decoder.read(descriptor, into: room)
    } catch {
      let place = TracePlace(name, offset: offset + UInt64(end - at))
      switch error {
      case .read: throw TraceError(.unreadable, "\(name): \(Self.reason())")
      case .truncated:
        throw TraceError(.truncated, "the compressed file ends in the middle", at: place)
      case .corrupt(let reason):
        throw TraceError(.malformed, "it does not decompress: \(reason)", at: place)
      case .unsupported(let what): throw TraceError(.unsupported, what, at: place)
      }
    }
    isEnded = count == 0
    end += count
    return count > 0
  }

  /// Whether it is a file that is not compressed, so that any byte of it can come next.
  package var isSeekable: Bool {
    if case .plain = decoder { return name != "-" && progress.total != nil }
    return false
  }

  /// Goes on at a byte of a file that can be sought in.
  package func seek(to offset: UInt64) throws(TraceError) {
    precondition(isSeekable)
    guard offset <= UInt64(Int64.max), lseek(descriptor, Int(offset), SEEK_SET) >= 0 else {
      throw TraceError(
        .malformed, "no file is so long", at: TracePlace(name, offset: offset))
    }
    (at, end) = (0, 0)
    isEnded = false
    self.offset = offset
  }

  /// Passes over so many bytes, which are not read where that can be; false where the file ends
  /// before.
  package func skip(_ count: UInt64) throws(TraceError) -> Bool {
    if count > UInt64(end - at), isSeekable, let length = progress.total {
      guard offset + count <= length else { return false }
      try seek(to: offset + count)
      return true
    }
    var left = count
    while left > 0 {
      if at == end, try !fill() { return false }
      let part = Int(min(left, UInt64(end - at)))
      take(part)
      left -= UInt64(part)
    }
    return true
  }

  /// Makes so many bytes available; false where the file ends before.
  package func require(_ count: Int) throws(TraceError) -> Bool {
    precondition(count <= Self.capacity)
    while end - at < count {
      guard try fill() else { return false }
    }
    return true
  }

  /// Takes so many of what is available.
  package func take(_ count: Int) {
    precondition(count >= 0 && count <= end - at)
    at += count
    offset += UInt64(count)
  }

  /// Whether a line is available to its end.
  package var hasLine: Bool {
    let bytes = unsafe available
    guard let start = bytes.baseAddress else { return false }
    return unsafe memchr(start, 10, bytes.count) != nil
  }

  /// Takes so many bytes of what is available, which are so many whole lines.
  package func take(_ count: Int, lines: UInt64) {
    take(count)
    line += lines
  }

  /// What is wrong with a line that the file ends in is that.
  package func explained(_ error: TraceError) -> TraceError {
    guard isCut else { return error }
    return TraceError(.truncated, "the file ends in the middle of this line", at: error.place)
  }

  /// Takes a line, without its end; nil at the end of the file.
  ///
  /// It is good until the next call.
  package func nextLine() throws(TraceError) -> TextLine? {
    var searched = 0
    while true {
      let bytes = unsafe available
      let rest = bytes.count - searched
      if rest > 0, let start = bytes.baseAddress,
        let found = unsafe memchr(start + searched, 10, rest)
      {
        let count = unsafe UnsafeRawPointer(found) - start
        take(count + 1)
        line += 1
        return unsafe TextLine(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      }
      searched = bytes.count
      if try fill() { continue }
      guard searched > 0 else { return nil }
      guard isEnded else {
        throw TraceError(
          .malformed, "a line of more than \(Self.capacity) bytes",
          at: TracePlace(name, line: line + 1, offset: offset))
      }
      let last = unsafe available
      isCut = true
      take(last.count)
      line += 1
      return unsafe TextLine(last)
    }
  }
}
