package import MemoryTypes

/// An ELF core whose segments hold physical memory: QEMU's `dump-guest-memory`, `/proc/vmcore`,
/// `makedumpfile -E`.
///
/// Only PT_LOAD and PT_NOTE are asked, and of a segment only its physical address: a core is not
/// laid out by virtual ones. Behind a segment's bytes in the file, up to its size in memory, there
/// are zeros. Where segments overlap, the first one in the table wins; the kernel's text, which
/// crash kernels list once more, is the same in both.
package final class ELFCore: MemoryImage {
  private let file: any ByteSource
  /// Physical memory, by where it is in the file; ``zero`` where it is not stored but zero.
  private let memory: ExtentMap
  package let notes: VMCoreInfo?
  package let capacity: UInt64

  /// The index of extents that are zeros.
  private static let zero = -1

  package var format: String { "ELF core" }

  /// One of the program headers, as far as it counts here.
  private struct Segment {
    var type: UInt32
    var offset: UInt64
    var physical: UInt64
    var fileSize: UInt64
    var memorySize: UInt64
  }

  package init(_ file: any ByteSource) throws(ImageError) {
    self.file = file
    let segments = try Self.segments(file)
    var stored: [ExtentMap.Extent] = []
    var zero: [ExtentMap.Extent] = []
    var notes: VMCoreInfo?
    for (index, segment) in segments.enumerated() {
      switch segment.type {
      case 1:
        stored.append(
          ExtentMap.Extent(
            start: segment.physical, count: segment.fileSize, source: segment.offset, index: index))
        if segment.memorySize > segment.fileSize {
          zero.append(
            ExtentMap.Extent(
              start: segment.physical + segment.fileSize,
              count: segment.memorySize - segment.fileSize, source: 0, index: Self.zero))
        }
      case 4 where notes == nil:
        guard segment.fileSize <= 1 << 26 else {
          throw .malformed("notes of \(segment.fileSize) bytes", offset: segment.offset)
        }
        let bytes = try file.bytes(at: segment.offset, count: Int(segment.fileSize), "the notes")
        notes = try VMCoreInfo(notes: bytes, at: segment.offset)
      default: break
      }
    }
    memory = ExtentMap(firstWins: stored + zero)
    self.notes = notes
    capacity = file.stored
  }

  /// The program headers, each checked against the file.
  private static func segments(_ file: any ByteSource) throws(ImageError) -> [Segment] {
    let head = Fields(bytes: try file.bytes(at: 0, count: 64, "the ELF header"))
    guard head.bytes[4] == 2, head.bytes[5] == 1 else {
      throw .unsupported("an ELF file that is not 64-bit little-endian")
    }
    guard head.number(UInt16.self, at: 16) == 4 else {
      throw .unsupported("an ELF file that is no core (type \(head.number(UInt16.self, at: 16)))")
    }
    guard head.number(UInt16.self, at: 18) == 183 else {
      throw .unsupported(
        "a core of another machine than AArch64 (machine \(head.number(UInt16.self, at: 18)))")
    }
    let table = head.number(UInt64.self, at: 32)
    let entrySize = head.number(UInt16.self, at: 54)
    var count = UInt64(head.number(UInt16.self, at: 56))
    guard entrySize == 56 || count == 0 else {
      throw .malformed("program headers of \(entrySize) bytes", offset: 54)
    }
    if count == 0xffff {
      // PN_XNUM: too many for 16 bits, so the first section header has the number (sh_info).
      let section = head.number(UInt64.self, at: 40)
      guard section <= UInt64.max - 64 else { throw .malformed("section headers", offset: 40) }
      let bytes = try file.bytes(at: section, count: 64, "the first section header")
      count = UInt64(Fields(bytes: bytes).number(UInt32.self, at: 44))
    }
    let bytes = try file.bytes(at: table, count: Int(count) * 56, "\(count) program headers")
    let fields = Fields(bytes: bytes)
    var segments: [Segment] = []
    for index in 0..<Int(count) {
      let at = index * 56
      let segment = Segment(
        type: fields.number(at: at), offset: fields.number(at: at + 8),
        physical: fields.number(at: at + 24), fileSize: fields.number(at: at + 32),
        memorySize: fields.number(at: at + 40))
      guard segment.type == 1 || segment.type == 4 else { continue }
      let place = table + UInt64(at)
      try file.require(
        segment.offset, segment.fileSize, "the \(segment.fileSize) bytes of segment \(index)")
      if segment.type == 1 {
        let size = max(segment.memorySize, segment.fileSize)
        guard !segment.physical.addingReportingOverflow(size).overflow else {
          throw .malformed(
            "segment \(index) reaches beyond the last physical address", offset: place)
        }
      }
      segments.append(segment)
    }
    return segments
  }

  package var ranges: [Range<PhysicalAddress>] {
    var ranges: [Range<PhysicalAddress>] = []
    for extent in memory.extents {
      if let last = ranges.last, last.upperBound.rawValue == extent.start {
        ranges[ranges.count - 1] = last.lowerBound..<PhysicalAddress(extent.end)
      } else {
        ranges.append(PhysicalAddress(extent.start)..<PhysicalAddress(extent.end))
      }
    }
    return ranges
  }

  package func read(_ address: PhysicalAddress, into buffer: UnsafeMutableRawBufferPointer)
    throws(ImageError)
  {
    var done = 0
    while done < buffer.count {
      let place = address.rawValue &+ UInt64(done)
      guard let extent = memory.extent(at: place) else { throw .absent(PhysicalAddress(place)) }
      let count = Int(min(UInt64(buffer.count - done), extent.end - place))
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
      if extent.index == Self.zero {
        unsafe part.initializeMemory(as: UInt8.self, repeating: 0)
      } else {
        try unsafe file.read(extent.source + (place - extent.start), into: part, "a segment")
      }
      done += count
    }
  }
}
