import BoardFormat
import KernelAssembly
import MemoryTypes

extension VirtBoard {
  /// The block that the tool wrote behind RAM, in the linear map.
  var header: KernelPointer<BoardHeader> {
    let address = PhysicalAddress(kernel_parameters.header)
    // SAFETY: early boot checked the magic number and the version; nobody writes it.
    return unsafe KernelPointer(pointer(to: address).assumingMemoryBound(to: BoardHeader.self))
  }

  /// The bytes of an area of the board file; empty if it is not there.
  func bytes(of area: BoardHeader.Area) -> UnsafeMutableRawBufferPointer {
    guard area.start != 0 else { return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0) }
    // SAFETY: the linear map covers everything up to the last area's end.
    return unsafe UnsafeMutableRawBufferPointer(
      start: pointer(to: PhysicalAddress(area.start)), count: Int(area.length))
  }
}

extension VirtBoard {
  /// Clears what QEMU put into RAM besides the image: its device tree, which was read, and the few
  /// instructions at the start of RAM that jumped here.
  func forgetFirmware() {
    let tree = PhysicalAddress(kernel_parameters.firmware_tree)
    let offset = UInt64(load(UInt32.self, at: tree + ByteCount(8)).byteSwapped)
    let length = UInt64(load(UInt32.self, at: tree + ByteCount(36)).byteSwapped)
    let names = UInt64(load(UInt32.self, at: tree + ByteCount(12)).byteSwapped)
    let namesLength = UInt64(load(UInt32.self, at: tree + ByteCount(32)).byteSwapped)
    let used = max(offset &+ length, names &+ namesLength)
    clear_pages(
      tree.rawValue &+ kernel_parameters.linear_offset, min((used &+ 4095) & ~4095, 1 &<< 20))
    clear_pages(0x4000_0000 &+ kernel_parameters.linear_offset, 4096)
  }
}
