import CompressionLibraries
import MemoryTypes

/// Writes cores as crash kernels and QEMU do.
struct CoreWriter {
  struct Segment {
    var physical: UInt64
    var bytes: [UInt8]
    /// More memory than bytes: the rest is zero.
    var memorySize: UInt64?
  }

  var segments: [Segment] = []
  var notes: [UInt8] = []
  /// Puts the number of headers where PN_XNUM says, as with more than 65,534 of them.
  var countsElsewhere = false

  var bytes: [UInt8] {
    let headers = segments.count + 1
    var out = ByteWriter()
    out.bytes = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]
    out.fill(to: 16)
    out.put(UInt16(4))
    out.put(UInt16(183))
    out.put(UInt32(1))
    out.put(UInt64(0))
    out.put(UInt64(128))
    out.put(UInt64(64))
    out.put(UInt32(0))
    out.put(UInt16(64))
    out.put(UInt16(56))
    out.put(UInt16(countsElsewhere ? 0xffff : headers))
    out.fill(to: 64 + 44)
    out.put(UInt32(headers))
    out.fill(to: 128)
    var offset = 128 + headers * 56
    func header(_ type: UInt32, _ physical: UInt64, _ size: Int, _ memory: UInt64) {
      out.put(type)
      out.put(UInt32(0))
      out.put(UInt64(offset))
      out.put(UInt64(0))
      out.put(physical)
      out.put(UInt64(size))
      out.put(memory)
      out.put(UInt64(0))
      offset += size
    }
    header(4, 0, notes.count, 0)
    for segment in segments {
      header(
        1, segment.physical, segment.bytes.count, segment.memorySize ?? UInt64(segment.bytes.count))
    }
    out.bytes += notes
    for segment in segments { out.bytes += segment.bytes }
    return out.bytes
  }

  /// A note of VMCOREINFO behind one of another kind.
  static func notes(_ text: String) -> [UInt8] {
    var out = ByteWriter()
    for (name, type, content) in [("CORE", 1, "registers!"), ("VMCOREINFO", 0, text)] {
      out.put(UInt32(name.utf8.count + 1))
      out.put(UInt32(content.utf8.count))
      out.put(UInt32(type))
      out.put(name, padded: (name.utf8.count + 4) & ~3)
      out.put(content, padded: (content.utf8.count + 3) & ~3)
    }
    return out.bytes
  }
}

/// The compressions, the other way round.
enum TestCompression: UInt32, CaseIterable {
  case none = 0
  case zlib = 1
  case lzo = 2
  case snappy = 4
  case zstd = 0x20

  func compress(_ page: [UInt8]) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: page.count * 2 + 4096)
    let count = unsafe page.withUnsafeBufferPointer { source in
      unsafe out.withUnsafeMutableBufferPointer { target in unsafe length(source, target) }
    }
    return self == .none ? page : Array(out[..<count])
  }

  private func length(
    _ source: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    switch self {
    case .none: return source.count
    case .zlib:
      var count = uLongf(target.count)
      _ = unsafe compress2(target.baseAddress, &count, source.baseAddress, uLong(source.count), 1)
      return Int(count)
    case .lzo:
      var count = lzo_uint(target.count)
      return unsafe withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { work in
        _ = unsafe lzo1x_1_compress(
          source.baseAddress, lzo_uint(source.count), target.baseAddress, &count, work.baseAddress)
        return Int(count)
      }
    case .snappy:
      var count = target.count
      _ = unsafe source.withMemoryRebound(to: CChar.self) { from in
        unsafe target.withMemoryRebound(to: CChar.self) { to in
          unsafe snappy_compress(from.baseAddress, from.count, to.baseAddress, &count)
        }
      }
      return count
    case .zstd:
      return unsafe ZSTD_compress(
        target.baseAddress, target.count, source.baseAddress, source.count, 1)
    }
  }
}

/// Writes kdump-compressed files as makedumpfile does.
struct KdumpWriter {
  var machine: TestMachine
  var compression: TestCompression
  var notes = ""
  /// Leaves out pages of zeros, as level 1 does.
  var omitsZeros = false
  var blockSize = 4096

  var bytes: [UInt8] {
    let first = Int(machine.base.rawValue) / blockSize
    let pages = stride(from: 0, to: machine.ram.count, by: blockSize).map {
      Array(machine.ram[$0..<$0 + blockSize])
    }
    let frames = first + pages.count
    let bitmapBlocks = 2 * ((frames + 8 * blockSize - 1) / (8 * blockSize))
    var out = ByteWriter()
    out.put("KDUMP   ", padded: 8)
    out.put(UInt32(6))
    out.fill(to: 428)
    out.put(UInt32(blockSize))
    out.put(UInt32(1))
    out.put(UInt32(bitmapBlocks))
    out.put(UInt32(0))
    out.fill(to: blockSize)
    out.put(UInt64(0))
    out.put(UInt32(omitsZeros ? 1 : 0))
    out.put(UInt32(0))
    out.fill(to: blockSize + 32)
    out.put(UInt64(notes.isEmpty ? 0 : blockSize + 512))
    out.put(UInt64(notes.utf8.count))
    out.fill(to: blockSize + 96)
    out.put(UInt64(frames))
    out.fill(to: blockSize + 512)
    out.put(notes, padded: 0)
    out.fill(to: 2 * blockSize)
    let kept = pages.map { !omitsZeros || $0.contains { $0 != 0 } }
    for isSecond in [false, true] {
      var map = [UInt8](repeating: 0, count: bitmapBlocks / 2 * blockSize)
      for index in pages.indices where !isSecond || kept[index] {
        map[(first + index) / 8] |= 1 << UInt8((first + index) % 8)
      }
      out.bytes += map
    }
    let stored = pages.indices.filter { kept[$0] }.map { compression.compress(pages[$0]) }
    var offset = out.bytes.count + 24 * stored.count
    for page in stored {
      out.put(UInt64(offset))
      out.put(UInt32(page.count))
      out.put(page.count == blockSize ? 0 : compression.rawValue)
      out.put(UInt64(0))
      offset += page.count
    }
    for page in stored { out.bytes += page }
    return out.bytes
  }

  /// The same front to back, in records of a few lengths, the header written twice.
  func flattened(_ random: inout SeededGenerator) -> [UInt8] {
    let bytes = bytes
    var out = ByteWriter()
    out.put("makedumpfile", padded: 16)
    out.bigEndian(UInt64(1))
    out.bigEndian(UInt64(1))
    out.fill(to: 4096)
    func record(_ range: Range<Int>, _ content: [UInt8]) {
      out.bigEndian(UInt64(range.lowerBound))
      out.bigEndian(UInt64(range.count))
      out.bytes += content
    }
    record(0..<600, [UInt8](repeating: 0xff, count: 600))
    var pieces: [Range<Int>] = []
    var at = 0
    while at < bytes.count {
      let end = min(bytes.count, at + Int.random(in: 1...9000, using: &random))
      pieces.append(at..<end)
      at = end
    }
    for piece in pieces.shuffled(using: &random) { record(piece, Array(bytes[piece])) }
    out.bigEndian(UInt64.max)
    out.bigEndian(UInt64.max)
    return out.bytes
  }
}
