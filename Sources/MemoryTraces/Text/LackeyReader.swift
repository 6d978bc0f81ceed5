import Glibc
import HardwareModel
package import TraceFiles

/// Reads what lackey prints, `valgrind --tool=lackey --trace-mem=yes` (lackey/lk_main.c).
///
/// ```
/// I  004015f0,3          an instruction of three bytes
///  L 1ffefff870,8        a load
///  S 1ffefff868,8        a store
///  M 0421c7cc,4          a load and a store of the same bytes
/// ==1234== …             valgrind's own words, which are passed over
/// ```
///
/// The addresses are those of the traced program on its host. What has more than 64 bytes (a state of
/// vector registers) is told as pieces of 64.
package final class LackeyReader: MemoryTraceReader {
  package let nature = MemoryTraceNature(.lackey)
  package let facts: [TraceFact] = []
  private let input: TraceInput
  private let modify: Modify
  private var isEnded = false

  /// What a line of `M` is.
  package enum Modify: Sendable {
    /// A load, then a store: what it is.
    case loadAndStore
    /// A load: as cachegrind counts it.
    case load
  }

  /// Whether a file begins as lackey's do, or with valgrind's words.
  package static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let lines = unsafe [UInt8](bytes.prefix(4096)).split(separator: 10, maxSplits: 32)
    for line in lines {
      if line.starts(with: Array("==".utf8)) { continue }
      let marks = ["I  ", " L ", " S ", " M "]
      return marks.contains { line.starts(with: Array($0.utf8)) }
        && line.contains(UInt8(ascii: ","))
    }
    return false
  }

  package init(_ input: TraceInput, modify: Modify = .loadAndStore) {
    self.input = input
    self.modify = modify
  }

  package var progress: TraceProgress { input.progress }

  package func read(into batch: MemoryTraceBatch) {
    batch.removeAll()
    var instructions: UInt64 = 0
    do throws(TraceError) {
      while !isEnded && !batch.isFilled {
        let taken = unsafe take(input.available, batch, &instructions)
        input.take(taken.bytes, lines: taken.lines)
        if taken.bytes > 0 { continue }
        // The first line that is available is not whole, or not a line of an access.
        if !input.hasLine, try input.fill() { continue }
        guard let line = try input.nextLine() else {
          isEnded = true
          break
        }
        try passOver(line)
      }
    } catch { batch.failure = input.explained(error) }
    if instructions > 0 { batch.append(MemoryTraceEvent(.instructions, instructions)) }
  }

  /// A line that tells no access: valgrind's, an empty one, or one that should not be here.
  private func passOver(_ line: TextLine) throws(TraceError) {
    var line = line
    if line.isEmpty || line.take("==") || line.take("--") { return }
    throw TraceError(
      .malformed,
      "a line of lackey is 'I  ', ' L ', ' S ' or ' M ', an address, a comma and a size of 1 to "
        + "\(Self.largest)", at: TracePlace(input.name, line: input.line))
  }

  /// No access is larger: the whole state of a processor's registers.
  private static var largest: UInt64 { 4096 }

  /// Takes whole lines of accesses, up to one that is none.
  private func take(
    _ bytes: UnsafeRawBufferPointer, _ batch: MemoryTraceBatch, _ instructions: inout UInt64
  ) -> (bytes: Int, lines: UInt64) {
    guard let start = bytes.baseAddress else { return (0, 0) }
    var at = unsafe start
    let end = unsafe start + bytes.count
    var lines: UInt64 = 0
    while unsafe at < end && !batch.isFilled {
      var cursor = unsafe at
      guard let access = unsafe Self.access(&cursor, end) else { break }
      guard add(access, batch) else { break }
      if access.mark == UInt8(ascii: "I") { instructions &+= 1 }
      unsafe at = cursor
      lines &+= 1
    }
    return unsafe (at - start, lines)
  }

  private struct Access {
    var mark: UInt8
    var address: UInt64
    var size: UInt64
  }

  /// Takes apart a line that is whole; nil leaves it where it is.
  @inline(__always) private static func access(
    _ at: inout UnsafeRawPointer, _ end: UnsafeRawPointer
  ) -> Access? {
    // The shortest: a mark of three bytes, a digit, a comma, a digit, the end of the line.
    guard unsafe end - at >= 7 else { return nil }
    let first = unsafe at.load(as: UInt8.self)
    let second = unsafe at.load(fromByteOffset: 1, as: UInt8.self)
    let third = unsafe at.load(fromByteOffset: 2, as: UInt8.self)
    let space = UInt8(ascii: " ")
    guard third == space, first == space || second == space else { return nil }
    let mark = first == space ? second : first
    unsafe at += 3
    var address: UInt64 = 0
    var digits = 0
    while unsafe at < end {
      let byte = unsafe at.load(as: UInt8.self)
      var digit = byte &- 48
      if digit > 9 {
        digit = (byte | 0x20) &- 87
        if digit < 10 || digit > 15 { break }
      }
      address = address &<< 4 | UInt64(digit)
      digits &+= 1
      unsafe at += 1
    }
    guard digits > 0, digits <= 16, unsafe at < end, unsafe at.load(as: UInt8.self) == 44 else {
      return nil
    }
    unsafe at += 1
    var size: UInt64 = 0
    while unsafe at < end {
      let digit = unsafe at.load(as: UInt8.self) &- 48
      if digit > 9 { break }
      size = size &* 10 &+ UInt64(digit)
      if size > largest { return nil }
      unsafe at += 1
    }
    guard size > 0, unsafe at < end, unsafe at.load(as: UInt8.self) == 10 else { return nil }
    unsafe at += 1
    return Access(mark: mark, address: address, size: size)
  }

  @inline(__always) private func add(_ access: Access, _ batch: MemoryTraceBatch) -> Bool {
    switch access.mark {
    case UInt8(ascii: "I"): batch.append(.fetch, access.address, access.size)
    case UInt8(ascii: "L"): batch.append(.load, access.address, access.size)
    case UInt8(ascii: "S"): batch.append(.store, access.address, access.size)
    case UInt8(ascii: "M"):
      batch.append(.load, access.address, access.size)
      if modify == .loadAndStore { batch.append(.store, access.address, access.size) }
    default: return false
    }
    return true
  }
}
