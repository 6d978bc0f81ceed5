package import MemoryTypes

/// A kdump-compressed file: `makedumpfile -c`, `-l`, `-p`, `-z`, and QEMU's `dump-guest-memory`
/// with the same letters.
///
/// In blocks, which are pages of the dumped machine (of 64K for QEMU, whatever the guest's are):
///
/// ```
/// 0           disk_dump_header      signature, utsname, block size, number of frames
/// 1           kdump_sub_header      dump level, where VMCOREINFO is, 64-bit number of frames
/// 1 + sub     bitmap of frames that exist, bitmap of frames that were kept
/// then        a page descriptor for each frame that was kept: offset, size, compression
/// then        the pages, each compressed for itself
/// ```
///
/// (diskdump_mod.h and IMPLEMENTATION of makedumpfile.) So a frame's descriptor is found by counting
/// the bits below its own; counts for each 64-bit word make that one addition.
package final class KdumpImage: MemoryImage {
  static let signatures = ["KDUMP   ", "DISKDUMP"]

  let file: any ByteSource
  let header: KdumpHeader
  /// Which frames exist, and which were kept.
  private let existing: FrameBitmap
  private let kept: FrameBitmap
  package let notes: VMCoreInfo?
  /// The pages last decompressed, by frame modulo their number.
  private var cache: [(frame: UInt64, bytes: [UInt8])]

  package var format: String { "kdump-compressed file" }
  package var capacity: UInt64 { kept.count &* UInt64(header.blockSize) }

  package init(_ file: any ByteSource) throws(ImageError) {
    self.file = file
    var header = try KdumpHeader(file)
    (existing, kept) = try header.bitmaps(file)
    self.header = header
    notes = try header.notes(file)
    cache = Array(repeating: (UInt64.max, []), count: 16)
  }

  package var ranges: [Range<PhysicalAddress>] {
    let shift = UInt64(header.blockSize.trailingZeroBitCount)
    return existing.runs.map {
      PhysicalAddress($0.lowerBound << shift)..<PhysicalAddress($0.upperBound << shift)
    }
  }

  package func read(_ address: PhysicalAddress, into buffer: UnsafeMutableRawBufferPointer)
    throws(ImageError)
  {
    let size = UInt64(header.blockSize)
    var done = 0
    while done < buffer.count {
      let place = address.rawValue &+ UInt64(done)
      let offset = Int(place % size)
      let count = min(buffer.count - done, header.blockSize - offset)
      let page = try page(place / size, for: PhysicalAddress(place))
      unsafe page.withUnsafeBytes { bytes in
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
      }
      done += count
    }
  }

  /// The bytes of a frame; errors name the address that was wanted.
  private func page(_ frame: UInt64, for wanted: PhysicalAddress) throws(ImageError) -> [UInt8] {
    let slot = Int(frame % UInt64(cache.count))
    if cache[slot].frame == frame { return cache[slot].bytes }
    let bytes = try load(frame, for: wanted)
    cache[slot] = (frame, bytes)
    return bytes
  }

  private func load(_ frame: UInt64, for wanted: PhysicalAddress) throws(ImageError) -> [UInt8] {
    let address = PhysicalAddress(frame &* UInt64(header.blockSize))
    guard kept.contains(frame), let place = header.descriptor(kept.rank(of: frame)) else {
      guard existing.contains(frame) else { throw .absent(wanted) }
      // Level 1 leaves out pages that are zero, and then all that is known of this one is that.
      guard header.dumpLevel & 1 != 0 else { throw .excluded(wanted) }
      return [UInt8](repeating: 0, count: header.blockSize)
    }
    let what = "the page \(Hex(address.rawValue))"
    let fields = Fields(bytes: try file.bytes(at: place, count: 24, "the descriptor of \(what)"))
    let offset: UInt64 = fields.number(at: 0)
    let size = Int(fields.number(UInt32.self, at: 8))
    let compression = PageCompression(flags: fields.number(UInt32.self, at: 12))
    guard let compression else {
      throw .malformed("\(what) is compressed in no way that is known", offset: place + 12)
    }
    // No compression makes a page longer than that (lzo: a sixteenth and 67 bytes).
    guard size <= header.blockSize * 2 + 128 else {
      throw .malformed("\(what) has \(size) bytes", offset: place + 8)
    }
    let stored = try file.bytes(at: offset, count: size, what)
    guard let page = compression.decompress(stored, to: header.blockSize) else {
      throw .corruptPage(address, compression: "\(compression)", offset: offset)
    }
    return page
  }
}
