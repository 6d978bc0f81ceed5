import Foundation
import HeapInspection

/// Writes the memory of a source as an ELF core, as the kernel lays one out: without what a file
/// still has.
enum CoreWriter {
  static func write(_ source: any MemorySource, machine: UInt16 = 62) throws -> [UInt8] {
    let regions = source.regions.filter { $0.isReadable && !$0.name.hasPrefix("[v") }
    var notes = words([UInt64(regions.filter(\.hasFile).count), 1])
    var names: [UInt8] = []
    for region in regions where region.hasFile {
      notes += words([region.start, region.end, region.fileOffset])
      names += Array(region.name.utf8) + [0]
    }
    notes += names
    notes += [UInt8](repeating: 0, count: (4 - notes.count % 4) % 4)
    let note = halves([5, UInt32(notes.count), 0x4649_4c45]) + Array("CORE\0\0\0\0".utf8) + notes

    let table = 64
    var offset = UInt64(table + (regions.count + 1) * 56)
    var headers =
      halves([4, 0]) + words([offset, 0, 0, UInt64(note.count), 0, 4])
    offset += UInt64(note.count)
    var contents: [UInt8] = note
    for region in regions {
      var bytes: [UInt8] = []
      if region.isWritable { bytes = try self.bytes(source, region) }
      headers += halves([1, region.isWritable ? 6 : 4])
      headers += words([offset, region.start, 0, UInt64(bytes.count), region.size, 4096])
      contents += bytes
      offset += UInt64(bytes.count)
    }
    var head: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    head += shorts([4, machine]) + halves([1]) + words([0, UInt64(table), 0]) + halves([0])
    head += shorts([64, 56, UInt16(regions.count + 1), 0, 0, 0])
    return head + headers + contents
  }

  private static func bytes(_ source: any MemorySource, _ region: MemoryRegion) throws -> [UInt8] {
    let memory = HeapMemory(source)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(region.size))
    for at in stride(from: region.start, to: region.end, by: 8) {
      let word = try memory.word(at: at)
      unsafe withUnsafeBytes(of: word) { unsafe bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  private static func words(_ values: [UInt64]) -> [UInt8] {
    values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }
  private static func halves(_ values: [UInt32]) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }
  private static func shorts(_ values: [UInt16]) -> [UInt8] {
    values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
  }
}
