import CompressionLibraries
import Foundation

/// A stream that was recorded elsewhere (Scripts/record-malloc-streams): on Linux with other pages, or
/// with another release of the C library.
///
/// It holds the system calls, the first calls, and a digest of every 256 records; what was called is
/// made again by the driver's own generator.
struct RecordedStream {
  var version = ""
  var seed: UInt64 = 0
  var calls: UInt64 = 0
  var profile: Int32 = 0
  var threads: Int32 = 0
  var flags: Int32 = 0
  var environment: [(name: String, value: String)] = []
  var start = RecordedCall()
  var systemCalls: [RecordedCall] = []
  var firstCalls: [RecordedCall] = []
  /// By how many records there were before it.
  var digests: [UInt32: UInt64] = [:]

  static let folder = Recordings.folder.appending(path: "Streams")

  static let names: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (files ?? []).filter { $0.hasSuffix(".zst") }.map { String($0.dropLast(4)) }.sorted()
  }()

  init(_ name: String) throws {
    let packed = try Data(contentsOf: Self.folder.appending(path: "\(name).zst"))
    let text = String(decoding: try Self.unpacked(packed), as: UTF8.self)
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      switch line.first {
      case "#": describe(words.dropFirst().map(String.init))
      case "h": start = Self.call(words)
      case "s": systemCalls.append(Self.call(words))
      case "c": firstCalls.append(Self.call(words))
      case "d":
        let call = Self.call(words)
        digests[UInt32(truncatingIfNeeded: call.a)] = call.result
      default: throw CocoaError(.fileReadCorruptFile)
      }
    }
    guard start.b != 0, !digests.isEmpty else { throw CocoaError(.fileReadCorruptFile) }
  }

  /// The first line: `# RELEASE SEED CALLS PROFILE THREADS FLAGS VARIABLE=VALUE…`.
  private mutating func describe(_ words: [String]) {
    guard words.count >= 6 else { return }
    version = words[0]
    (seed, calls) = (UInt64(words[1]) ?? 0, UInt64(words[2]) ?? 0)
    (profile, threads) = (Int32(words[3]) ?? 0, Int32(words[4]) ?? 0)
    flags = Int32(words[5]) ?? 0
    for word in words.dropFirst(6) {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2 { environment.append((parts[0], parts[1])) }
    }
  }

  private static func call(_ words: [Substring]) -> RecordedCall {
    let numbers = words.dropFirst().map { UInt64($0, radix: 16) ?? 0 }
    var call = RecordedCall()
    guard numbers.count == 8 else { return call }
    call.kind = UInt8(truncatingIfNeeded: numbers[0])
    call.thread = UInt8(truncatingIfNeeded: numbers[1])
    call.error = UInt16(truncatingIfNeeded: numbers[2])
    (call.a, call.b, call.c, call.d) = (numbers[3], numbers[4], numbers[5], numbers[6])
    call.result = numbers[7]
    return call
  }

  private static func unpacked(_ packed: Data) throws -> Data {
    let bytes = [UInt8](packed)
    let size = unsafe bytes.withUnsafeBytes {
      unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count)
    }
    guard size < 1 << 28 else { throw CocoaError(.fileReadCorruptFile) }
    var room = Data(count: Int(size))
    let done = unsafe room.withUnsafeMutableBytes { room in
      unsafe bytes.withUnsafeBytes {
        unsafe ZSTD_decompress(room.baseAddress, room.count, $0.baseAddress, $0.count)
      }
    }
    guard done == room.count else { throw CocoaError(.fileReadCorruptFile) }
    return room
  }
}
