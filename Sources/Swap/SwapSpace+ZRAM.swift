import Arm64
import KernelHeap
import KernelLog
public import MemoryTypes
import PageFrames

extension SwapSpace {
  /// Makes the disk of compressed pages, and lets it be turned on by its inode's address; nil without
  /// memory, or where there is one.
  public mutating func makeZRAM(of identity: UInt) -> KernelPointer<ZRAM<B>>? {
    guard zram == nil, let disk = ZRAM.make(board, frames, slab) else { return nil }
    board.log(.information, "zram: Added device: zram0")
    zram = disk
    register(SwapDevice(disk), of: identity)
    return disk
  }

  /// Whether the disk of compressed pages is an area that is on.
  public var isZRAMInUse: Bool {
    for number in 0..<areaCount {
      if let area = areas[number], case .zram = area.pointee.device.store { return true }
    }
    return false
  }

  /// Writes the header that mkswap would, over the whole of a device; false where it fails.
  public func format(_ device: SwapDevice<B>) -> Bool {
    var device = device
    guard device.pages.rawValue > 1, let page = frames.pointee.allocate([.kernel, .zero]) else {
      return false
    }
    defer { frames.pointee.free(page) }
    let start = page.address(board.pageSize)
    board.store(UInt32(1), at: start + ByteCount(UInt64(Header.version)))
    board.store(
      UInt32(truncatingIfNeeded: device.pages.rawValue &- 1),
      at: start + ByteCount(UInt64(Header.lastPage)))
    let signature = Header.signature
    let place = start + board.pageSize.bytes - ByteCount(10)
    for index in 0..<10 {
      board.store(signature[index], at: place + ByteCount(UInt64(index)))
    }
    return device.write(0, from: page, board)
  }
}
