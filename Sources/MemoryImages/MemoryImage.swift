package import MemoryTypes

/// The memory of a machine that stands still, by physical address.
///
/// Terms. A *memory image* is a file that holds the RAM of a machine: all of it, as QEMU writes, or
/// what a crash kernel kept. A *core* is an ELF file whose segments name physical addresses; a
/// *kdump-compressed* file has a bitmap of page frames and a descriptor for each that was kept; a
/// *raw* image is RAM byte by byte. *Flattened* is no format of memory but a way of writing a file
/// front to back (``FlattenedFile``). Documentation/Theory/MemoryImages.md draws them.
///
/// Invariant: `read` fills the whole buffer with bytes that the image holds, or throws.
package protocol MemoryImage: AnyObject {
  /// What the image calls itself.
  var format: String { get }
  /// Where there is memory, lowest first, none overlapping.
  var ranges: [Range<PhysicalAddress>] { get }
  /// The bytes that can differ from zero, at most: what bounds the number of tables.
  var capacity: UInt64 { get }
  /// What the kernel wrote down about itself, where that is in the image.
  var notes: VMCoreInfo? { get }

  /// Fills `buffer` from a physical address on.
  func read(_ address: PhysicalAddress, into buffer: UnsafeMutableRawBufferPointer)
    throws(ImageError)
}

extension MemoryImage {
  /// The 64-bit word at an aligned address.
  package func word(at address: PhysicalAddress) throws(ImageError) -> UInt64 {
    var word: UInt64 = 0
    // A closure's throws are typed only where they are caught in it.
    let failure: ImageError? = unsafe withUnsafeMutableBytes(of: &word) { buffer in
      do throws(ImageError) {
        try unsafe read(address, into: buffer)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
    return UInt64(littleEndian: word)
  }

  /// Fills an array of 64-bit words from an aligned address on.
  package func words(at address: PhysicalAddress, into words: inout [UInt64]) throws(ImageError) {
    let failure: ImageError? = unsafe words.withUnsafeMutableBytes { buffer in
      do throws(ImageError) {
        try unsafe read(address, into: buffer)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }
}

/// The kinds of file that hold an image, and how each begins.
package enum MemoryImageFile {
  /// Opens an image; `base` says that the file is RAM itself, from that physical address on.
  ///
  /// Without a base the file's first bytes tell what it is. A raw image says nothing, so that one
  /// without a base is refused, unless it is the RAM of a Kilburn machine.
  package static func open(_ path: String, base: PhysicalAddress?) throws(ImageError)
    -> any MemoryImage
  {
    let file = try MappedFile(path)
    if let base { return try RawImage(file, base: base) }
    let flattened = try FlattenedFile.isFlattened(file)
    let bytes: any ByteSource = flattened ? try FlattenedFile(file) : file
    let head = try bytes.bytes(at: 0, count: min(8, Int(bytes.length)), "the first bytes")
    if head.starts(with: [0x7f, 0x45, 0x4c, 0x46]) { return try ELFCore(bytes) }
    if KdumpImage.signatures.contains(where: { head.elementsEqual($0.utf8) }) {
      return try KdumpImage(bytes)
    }
    if try KilburnRAM.isOne(file) { return try RawImage(file, base: KilburnRAM.base) }
    throw .usage(
      "\(path) is neither an ELF core nor a kdump-compressed file",
      hint: "say with --base where RAM begins if it is a raw image")
  }
}
