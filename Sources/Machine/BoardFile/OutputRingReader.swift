import BoardFormat

/// The tool's end of the output ring.
@safe
struct OutputRingReader {
  /// The ring's area of the board file.
  ///
  /// SAFETY: mapped for as long as this is used.
  private let area: UnsafeMutableRawBufferPointer

  @unsafe init(_ area: UnsafeMutableRawBufferPointer) { unsafe self.area = area }

  /// Takes out what the kernel has put in since the last time.
  func take() -> [UInt8] {
    let size = unsafe UInt64(area.count - OutputRing.dataOffset)
    let produced = unsafe area.load(fromByteOffset: OutputRing.producedOffset, as: UInt64.self)
    let consumed = unsafe area.load(fromByteOffset: OutputRing.consumedOffset, as: UInt64.self)
    // A count that cannot be is a kernel gone wild: what it says is not believed.
    guard produced > consumed, produced - consumed <= size else { return [] }
    var taken: [UInt8] = []
    taken.reserveCapacity(Int(produced - consumed))
    var position = consumed
    while position < produced {
      let start = Int(position % size)
      let count = min(Int(produced - position), Int(size) - start)
      let place = OutputRing.dataOffset + start
      unsafe taken.append(contentsOf: area[place..<place + count])
      position += UInt64(count)
    }
    unsafe area.storeBytes(of: produced, toByteOffset: OutputRing.consumedOffset, as: UInt64.self)
    return taken
  }
}
