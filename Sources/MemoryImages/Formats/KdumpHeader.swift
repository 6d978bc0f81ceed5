import MemoryTypes

/// The two headers of a kdump-compressed file, and where the rest lies.
struct KdumpHeader {
  /// The dumped machine's page, and the unit of this file.
  let blockSize: Int
  /// What was left out: 1 zero pages, 2 cache, 4 private cache, 8 user, 16 free pages.
  let dumpLevel: UInt32
  private let version: Int32
  private let subHeaderBlocks: UInt64
  private let bitmapBlocks: UInt64
  private let frames: UInt64
  /// The frames of this part where the dump was split over several files.
  private let part: Range<UInt64>?
  private let notesPlace: (offset: UInt64, count: UInt64)?
  /// How many frames below this part were kept.
  private var rankBefore: UInt64 = 0

  init(_ file: any ByteSource) throws(ImageError) {
    let head = Fields(bytes: try file.bytes(at: 0, count: 464, "the header"))
    version = head.number(at: 8)
    let blockSize = head.number(UInt32.self, at: 428)
    guard blockSize.nonzeroBitCount == 1, 4096...65536 ~= blockSize else {
      throw .malformed("a block size of \(blockSize) bytes", offset: 428)
    }
    guard (1...6).contains(version) else {
      throw .unsupported("version \(version) of the kdump-compressed format")
    }
    self.blockSize = Int(blockSize)
    subHeaderBlocks = UInt64(head.number(UInt32.self, at: 432))
    bitmapBlocks = UInt64(head.number(UInt32.self, at: 436))
    var frames = UInt64(head.number(UInt32.self, at: 440))

    let start = UInt64(blockSize)
    let count = 104
    let sub = Fields(bytes: try file.bytes(at: start, count: count, "the sub-header"))
    dumpLevel = version >= 1 ? sub.number(at: 8) : 0
    let isSplit = version >= 2 && sub.number(UInt32.self, at: 12) != 0
    var part = sub.number(UInt64.self, at: 16)..<UInt64.max
    var partEnd: UInt64 = sub.number(at: 24)
    let (notes, notesCount): (UInt64, UInt64) =
      version >= 3 ? (sub.number(at: 32), sub.number(at: 40)) : (0, 0)
    notesPlace = notes != 0 && notesCount != 0 ? (notes, notesCount) : nil
    if version >= 6 {
      part = sub.number(UInt64.self, at: 80)..<UInt64.max
      partEnd = sub.number(at: 88)
      let wide: UInt64 = sub.number(at: 96)
      if wide != 0 { frames = wide }
    }
    self.part = isSplit ? part.lowerBound..<max(part.lowerBound, partEnd) : nil
    // A physical address has 52 bits, whatever the number says.
    guard frames <= 1 << 40 else {
      throw .malformed("\(frames) page frames", offset: start + 96)
    }
    self.frames = frames
  }

  /// The bitmaps of frames that exist and of frames that were kept; where there is room for one
  /// only, it is both.
  mutating func bitmaps(_ file: any ByteSource) throws(ImageError) -> (FrameBitmap, FrameBitmap) {
    let start = UInt64(blockSize) * (1 + subHeaderBlocks)
    let length = bitmapBlocks * UInt64(blockSize)
    let needed = (frames + 7) / 8
    let isDouble = length / 2 >= needed
    guard length >= needed else {
      throw .malformed("a bitmap of \(length) bytes for \(frames) page frames", offset: 436)
    }
    let first = FrameBitmap(
      try file.bytes(at: start, count: Int(needed), "the bitmap of page frames"))
    guard isDouble else { return (first, first) }
    let kept = FrameBitmap(
      try file.bytes(
        at: start + length / 2, count: Int(needed), "the bitmap of the page frames kept"))
    if let part { rankBefore = kept.rank(of: min(part.lowerBound, frames)) }
    return (first, kept)
  }

  /// Where the descriptor of the frame is that so many kept ones lie below; nil in another part.
  func descriptor(_ rank: UInt64) -> UInt64? {
    guard rank >= rankBefore else { return nil }
    let start = UInt64(blockSize) * (1 + subHeaderBlocks + bitmapBlocks)
    return start + (rank - rankBefore) * 24
  }

  func notes(_ file: any ByteSource) throws(ImageError) -> VMCoreInfo? {
    guard let notesPlace else { return nil }
    guard notesPlace.count <= 1 << 20 else {
      throw .malformed("a VMCOREINFO of \(notesPlace.count) bytes", offset: notesPlace.offset)
    }
    return VMCoreInfo(
      text: try file.bytes(at: notesPlace.offset, count: Int(notesPlace.count), "VMCOREINFO"))
  }
}
