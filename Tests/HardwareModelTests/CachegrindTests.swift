import Arm64
import CompressionLibraries
import Foundation
import HardwareModel
import MemoryTypes
import Testing

/// The caches beside valgrind's, on the same accesses of the same program (Cachegrind/record).
@Suite struct CachegrindTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Cachegrind")

  /// A line of counts.txt: three caches of `size,ways,line`, the names of the events, the counts.
  static let recorded: [String] =
    (try? String(contentsOf: folder.appending(path: "counts.txt"), encoding: .utf8))?
    .split(separator: "\n").map(String.init) ?? []

  /// What lackey printed of the program.
  static func trace() throws -> [UInt8] {
    let packed = [UInt8](try Data(contentsOf: folder.appending(path: "walk.lackey.zst")))
    let size = unsafe ZSTD_getFrameContentSize(packed, packed.count)
    try #require(size > 0 && size < 1 << 24)
    return unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
      count = unsafe ZSTD_decompress(buffer.baseAddress, Int(size), packed, packed.count)
    }
  }

  /// Lines `I  address,size`, ` L address,size`, ` S …`, ` M …`; a modification counts as a read.
  static func records(of bytes: [UInt8]) -> [AccessRecord] {
    var records: [AccessRecord] = []
    var kind = AccessKind.load
    var address: UInt64 = 0
    var size: UInt64 = 0
    var isSize = false
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "I"): kind = .fetch
      case UInt8(ascii: "S"): kind = .store
      case UInt8(ascii: "L"), UInt8(ascii: "M"): kind = .load
      case UInt8(ascii: ","): isSize = true
      case UInt8(ascii: "\n"):
        records.append(AccessRecord(kind, VirtualAddress(address), size: size, by: .user))
        (address, size, isSize) = (0, 0, false)
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let digit = UInt64(byte - UInt8(ascii: "0"))
        if isSize { size = size * 10 + digit } else { address = address << 4 | digit }
      case UInt8(ascii: "a")...UInt8(ascii: "f"):
        address = address << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
      default: break
      }
    }
    return records
  }

  @Test(arguments: recorded) func countsWhatCachegrindCounts(_ line: String) throws {
    let words = line.split(separator: " ").map(String.init)
    let shapes = try words[0].split(separator: ":").map { text in
      let numbers = text.split(separator: ",").compactMap { Int($0) }
      return try CacheGeometry(bytes: numbers[0], ways: numbers[1], line: numbers[2])
    }
    try #require(words[1] == "Ir,I1mr,ILmr,Dr,D1mr,DLmr,Dw,D1mw,DLmw,")
    var model = CachegrindModel(instructions: shapes[0], data: shapes[1], last: shapes[2])
    for record in Self.records(of: try Self.trace()) { model.access(record) }
    let counts = model.counts
    #expect(
      [
        counts.Ir, counts.I1mr, counts.ILmr, counts.Dr, counts.D1mr, counts.DLmr, counts.Dw,
        counts.D1mw, counts.DLmw,
      ] == words.dropFirst(2).compactMap { UInt64($0) })
  }

  @Test func thereAreRecordedCounts() { #expect(Self.recorded.count == 4) }
}
