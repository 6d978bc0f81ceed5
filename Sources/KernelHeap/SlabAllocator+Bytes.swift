import Arm64
public import MemoryTypes
public import PageFrames

/// Byte buffers: a cache for each power of two from 128 bytes, which is what arm64 Linux 6.1 aligns
/// DMA buffers to, up to two pages; larger ones are blocks of frames (mm/slab_common.c).
extension SlabAllocator {
  /// Allocates a byte buffer, as `kmalloc()`.
  ///
  /// Its contents are whatever was there.
  public mutating func allocateBytes(
    _ size: ByteCount, _ flags: GFP = .kernel
  ) -> UnsafeMutableRawPointer? {
    guard size > .zero else { return nil }
    if let cache = classes[classIndex(size)] { return unsafe cache.takeObject(flags) }
    let board = frames.pointee.board
    let order = Order(holding: size.pagesNeeded(of: board.pageSize))
    guard let number = frames.pointee.allocate(order, flags) else { return nil }
    frames.pointee.frame(number).pointee.state = .slab
    frames.pointee.count(.nr_slab_unreclaimable, by: Int(order.pages.rawValue))
    return unsafe board.pointer(to: frames.pointee.address(of: number))
  }

  /// Gives back a byte buffer with the size that it was asked for.
  public mutating func freeBytes(_ buffer: UnsafeMutableRawPointer, _ size: ByteCount) {
    if let cache = classes[classIndex(size)] { return unsafe cache.giveObject(buffer) }
    let board = frames.pointee.board
    let order = Order(holding: size.pagesNeeded(of: board.pageSize))
    frames.pointee.count(.nr_slab_unreclaimable, by: -Int(order.pages.rawValue))
    frames.pointee.free(
      PageFrameNumber(
        containing: unsafe board.physicalAddress(of: buffer), board.pageSize), order)
  }

  /// The class of the least power of two that holds so many bytes; the last one has no cache.
  func classIndex(_ size: ByteCount) -> Int {
    guard size.rawValue > 128 else { return 0 }
    return min(64 &- (size.rawValue &- 1).leadingZeroBitCount &- 7, 11)
  }

  mutating func makeClasses() -> Bool {
    let largest = frames.pointee.board.pageSize.bytes.rawValue &* 2
    for index in 0..<11 {
      let size = UInt64(128) &<< UInt64(index)
      guard size <= largest else { return true }
      let cache = makeCache(
        name: Self.className(index), ownSize: ByteCount(size), linuxSize: .zero, options: [],
        alignment: 128)
      guard let cache else { return false }
      classes[index] = cache
    }
    return true
  }

  static func className(_ index: Int) -> StaticString {
    switch index {
    case 0: "kmalloc-128"
    case 1: "kmalloc-256"
    case 2: "kmalloc-512"
    case 3: "kmalloc-1k"
    case 4: "kmalloc-2k"
    case 5: "kmalloc-4k"
    case 6: "kmalloc-8k"
    case 7: "kmalloc-16k"
    case 8: "kmalloc-32k"
    case 9: "kmalloc-64k"
    default: "kmalloc-128k"
    }
  }
}
