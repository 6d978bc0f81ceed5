import TraceFiles
import Glibc

/// A file that is read at any offset.
final class PagedFile {
  let name: String
  let length: UInt64
  private let descriptor: Int32

  init(_ path: String) throws(TraceError) {
    name = path
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw TraceError(.unreadable, "\(path): \(TraceInput.reason())")
    }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw TraceError(
        .unreadable, "\(path): a workload's threads lie side by side, so it has to be a file")
    }
    length = UInt64(max(0, status.st_size))
  }

  deinit { close(descriptor) }

  func place(_ offset: UInt64) -> TracePlace { TracePlace(name, offset: offset) }

  /// Fills some of `bytes` from an offset on, and tells how many; 0 at the end.
  func read(_ offset: UInt64, into bytes: inout [UInt8]) throws(TraceError) -> Int {
    guard offset < length else { return 0 }
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe pread(descriptor, $0.baseAddress, $0.count, off_t(offset))
    }
    guard count >= 0 else {
      throw TraceError(.unreadable, "\(name): \(TraceInput.reason())")
    }
    return count
  }
}

/// A place in a workload that moves on: of its set-up, or of a thread.
struct WorkloadCursor {
  private let file: PagedFile
  private(set) var offset: UInt64
  private var bytes: [UInt8] = []
  private var at = 0

  private static var piece: Int { 4096 }

  init(_ file: PagedFile, _ offset: UInt64) {
    self.file = file
    self.offset = offset
  }

  mutating func byte(_ what: @autoclosure () -> String) throws(TraceError) -> UInt8 {
    if at == bytes.count {
      bytes = [UInt8](repeating: 0, count: Self.piece)
      let count = try file.read(offset, into: &bytes)
      bytes.removeLast(bytes.count - count)
      at = 0
      guard count > 0 else {
        throw TraceError(
          .truncated, "the file ends before \(what())", at: file.place(offset))
      }
    }
    at += 1
    offset += 1
    return bytes[at - 1]
  }

  /// A number in groups of seven bits, most significant first.
  mutating func number() throws(TraceError) -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    while true {
      let byte = try byte("a number")
      guard value >> 57 == 0 else {
        throw TraceError(.malformed, "a number exceeds 64 bits", at: file.place(start))
      }
      value = value << 7 | UInt64(byte & 0x7f)
      if byte & 0x80 == 0 { return value }
    }
  }
}

/// Threads in the order of their turns.
struct TurnQueue {
  private var threads: [Int] = []
  private var head = 0

  mutating func append(_ thread: Int) { threads.append(thread) }

  mutating func take() -> Int? {
    guard head < threads.count else { return nil }
    let thread = threads[head]
    head += 1
    if head > 1024 && head * 2 > threads.count {
      threads.removeFirst(head)
      head = 0
    }
    return thread
  }
}
