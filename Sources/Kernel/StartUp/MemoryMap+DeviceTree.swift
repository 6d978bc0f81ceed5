import BoardFormat
import KernelAssembly
import MemoryTypes
import PageFrames

/// What RAM there is, from the device tree (arch/arm64/mm/init.c:arm64_memblock_init()).
extension MemoryMap {
  /// The banks and holes of the tool's tree, or of QEMU's if there is none.
  ///
  /// The image is reserved. Nil if the tree is none or has too many ranges.
  static func describing(_ board: VirtBoard) -> MemoryMap? {
    let area = board.header.pointee.deviceTree
    let own = unsafe board.bytes(of: area)
    let firmware = unsafe UnsafeRawBufferPointer(
      start: board.pointer(to: PhysicalAddress(kernel_parameters.firmware_tree)), count: 1 &<< 21)
    guard let tree = unsafe DeviceTree(own.isEmpty ? firmware : UnsafeRawBufferPointer(own))
    else { return nil }

    var map = MemoryMap(pageSize: board.pageSize)
    var fits = true
    tree.forEachBank { fits = map.add(PhysicalRange($0)) && fits }
    tree.forEachReservation { range, unmapped in
      fits =
        (unmapped ? map.remove(PhysicalRange(range)) : map.reserve(PhysicalRange(range))) && fits
    }
    // QEMU's RAM goes on behind the banks; what lies there is the board file's.
    fits =
      map.remove(
        PhysicalRange(
          start: PhysicalAddress(kernel_parameters.header), end: PhysicalAddress(.max))) && fits
    fits =
      map.reserve(
        PhysicalRange(
          start: PhysicalAddress(kernel_parameters.image_physical),
          length: ByteCount(kernel_parameters.image_size))) && fits
    return fits ? consume map : nil
  }
}

extension PhysicalRange {
  init(_ range: DeviceTree.Range) {
    self.init(start: PhysicalAddress(range.start), length: ByteCount(range.length))
  }
}
