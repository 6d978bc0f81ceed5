import CompressionLibraries
import Foundation

/// A core that a real Linux wrote of an arm64 process (`Cores/record` makes them), unfolded into a
/// file that is gone afterwards.
package final class RecordedCore {
  package let path = NSTemporaryDirectory() + "kilburn-heap-recorded-\(UUID().uuidString)"
  /// What malloc_info() printed.
  package let printed: String
  package let size: Int

  package init(_ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Cores")
    printed = try String(contentsOf: folder.appendingPathComponent("\(name).xml"), encoding: .utf8)
    let packed = try Data(contentsOf: folder.appendingPathComponent("\(name).core.zst"))
    let content = try Self.unpacked(packed)
    size = content.count
    try content.write(to: URL(fileURLWithPath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package func truncate(_ length: Int) throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: UInt64(length))
    try file.close()
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
