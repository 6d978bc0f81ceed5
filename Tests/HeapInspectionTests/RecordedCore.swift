import CompressionLibraries
import Foundation
import HeapInspection
import Testing

/// A recorded core, unfolded into a file that is gone afterwards.
final class RecordedCore {
  let path = NSTemporaryDirectory() + "kilburn-heap-recorded-\(UUID().uuidString)"
  /// What malloc_info() printed.
  let printed: String
  let size: Int

  init(_ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Cores")
    printed = try String(contentsOf: folder.appendingPathComponent("\(name).xml"), encoding: .utf8)
    let packed = try Data(contentsOf: folder.appendingPathComponent("\(name).core.zst"))
    let content = try Self.unpacked(packed)
    size = content.count
    try content.write(to: URL(fileURLWithPath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func memory() throws -> CoreMemory {
    try CoreMemory(MappedBytes(path), files: BackingFiles(root: nil))
  }

  func truncate(_ length: Int) throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: UInt64(length))
    try file.close()
  }

  /// Writes a word of the process's memory.
  func set(_ address: UInt64, _ value: UInt64) throws {
    let offset = try #require(try place(of: address))
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: offset)
    try file.write(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
    try file.close()
  }

  /// Where the program headers say that an address is in the file.
  private func place(of address: UInt64) throws -> UInt64? {
    let file = try MappedBytes(path)
    for index in 0..<(file.number(56, 2) ?? 0) {
      let at = 64 + index * 56
      guard file.number(at, 4) == 1, let offset = file.number(at + 8, 8),
        let start = file.number(at + 16, 8), let count = file.number(at + 32, 8)
      else { continue }
      if address >= start, address - start < count { return offset + (address - start) }
    }
    return nil
  }

  private static func unpacked(_ packed: Data) throws -> Data {
    let bytes = [UInt8](packed)
    let size = unsafe bytes.withUnsafeBytes {
      unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count)
    }
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
