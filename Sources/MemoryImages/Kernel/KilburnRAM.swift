import BoardFormat
import MemoryTypes

/// The RAM of a Kilburn machine, which `kilburn run --keep-ram` leaves in a file.
package enum KilburnRAM {
  /// Where the board's RAM begins.
  static let base = PhysicalAddress(0x4000_0000)

  /// Whether a file that says nothing else begins as such a RAM does: with an arm64 image where the
  /// emulator puts the kernel, and the kernel's signpost in it.
  static func isOne(_ file: MappedFile) throws(ImageError) -> Bool {
    guard file.holds(0, Signpost.image + 64) else { return false }
    let magic = try file.bytes(at: Signpost.image + 56, count: 4, "the kernel image")
    guard magic == [0x41, 0x52, 0x4d, 0x64] else { return false }
    return try signpost(RawImage(file, base: base)) != nil
  }

  /// What the kernel says of its tables.
  static func signpost(_ image: any MemoryImage) throws(ImageError) -> Signpost? {
    guard let range = image.ranges.first else { return nil }
    let size = range.upperBound - range.lowerBound
    guard size > ByteCount(Signpost.image) else { return nil }
    let count = min(Signpost.window, size.rawValue - Signpost.image) / 8
    var words = [UInt64](repeating: 0, count: Int(count))
    try image.words(at: range.lowerBound + ByteCount(Signpost.image), into: &words)
    for at in 0..<max(0, words.count - 4)
    where words[at] == Signpost.magic.0 && words[at + 1] == Signpost.magic.1 {
      let post = Signpost(root: words[at + 2], pageShift: words[at + 3], vaBits: words[at + 4])
      // The words alone may stand among the kernel's constants, too.
      if range.contains(PhysicalAddress(post.root)), PageSize(shift: post.pageShift) != nil {
        return post
      }
    }
    return nil
  }
}
