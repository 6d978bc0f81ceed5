import Foundation
import HeapInspection
import RecordedCores
import Testing

extension RecordedCore {
  func memory() throws -> CoreMemory {
    try CoreMemory(MappedBytes(path), files: BackingFiles(root: nil))
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
}
