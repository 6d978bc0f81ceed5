/// A file that was written front to back, such as through a pipe, with where each piece belongs.
///
/// makedumpfile's `-F` and QEMU's `dump-guest-memory -z` write it: a header of 4096 bytes, then
/// records of an offset, a length (both big endian) and so many bytes, up to a record of two -1.
/// Reading it as `makedumpfile -R` would write it out needs an index and no copy: later records
/// hide earlier ones, and what no record wrote is zero.
package final class FlattenedFile: ByteSource {
  package let length: UInt64
  package var stored: UInt64 { file.length }
  private let file: MappedFile
  private let extents: ExtentMap

  /// MAX_SIZE_MDF_HEADER.
  static let headerSize: UInt64 = 4096

  static func isFlattened(_ file: MappedFile) throws(ImageError) -> Bool {
    let signature = [UInt8]("makedumpfile\0\0\0\0".utf8)
    guard file.holds(0, 16) else { return false }
    return try file.bytes(at: 0, count: 16, "the first bytes") == signature
  }

  package init(_ file: MappedFile) throws(ImageError) {
    self.file = file
    var records: [ExtentMap.Extent] = []
    var end: UInt64 = 0
    var at = Self.headerSize
    while true {
      let what = "record \(records.count) of a flattened file"
      let head = Fields(bytes: try file.bytes(at: at, count: 16, what))
      let offset = head.bigEndian(Int64.self, at: 0)
      let count = head.bigEndian(Int64.self, at: 8)
      if offset == -1 && count == -1 { break }
      guard offset >= 0, count >= 0, UInt64(offset) + UInt64(count) <= UInt64(Int64.max) else {
        throw .malformed("\(what) lies at \(offset) with \(count) bytes", offset: at)
      }
      at += 16
      try file.require(at, UInt64(count), "\(count) bytes of \(what)")
      records.append(
        ExtentMap.Extent(
          start: UInt64(offset), count: UInt64(count), source: at, index: records.count))
      end = max(end, UInt64(offset) + UInt64(count))
      at += UInt64(count)
    }
    length = end
    extents = ExtentMap(firstWins: records.reversed())
  }

  package func read(
    _ offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ what: String
  ) throws(ImageError) {
    try require(offset, UInt64(buffer.count), what)
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
    let end = offset + UInt64(buffer.count)
    for extent in extents.extents(from: offset, to: end) {
      let start = max(extent.start, offset)
      let count = min(extent.end, end) - start
      let part = unsafe UnsafeMutableRawBufferPointer(
        rebasing: buffer[Int(start - offset)..<Int(start - offset + count)])
      try unsafe file.read(extent.source + (start - extent.start), into: part, what)
    }
  }
}

extension ExtentMap {
  /// The extents that a range touches, in order.
  func extents(from start: UInt64, to end: UInt64) -> ArraySlice<Extent> {
    var low = 0
    var high = extents.count
    while low < high {
      let middle = (low + high) / 2
      if extents[middle].end <= start { low = middle + 1 } else { high = middle }
    }
    var last = low
    while last < extents.count, extents[last].start < end { last += 1 }
    return extents[low..<last]
  }
}
