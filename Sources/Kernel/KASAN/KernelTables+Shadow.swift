import Arm64
import KernelAssembly
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames

/// What keeps a shadow of this image's memory.
var kernelShadow: KernelLayout.Shadow {
  #if KASAN
  .generic
  #else
  .none
  #endif
}

#if KASAN
extension KernelTables {
  /// The shadow's tables (arch/arm64/mm/kasan_init.c: kasan_init_shadow()).
  ///
  /// RAM and the image have a shadow of their own; everything else has the early shadow until
  /// something is put there.
  func mapShadow(_ memory: inout MemoryMap) -> ShadowTables<VirtBoard>? {
    let board = board
    guard
      let tables = ShadowTables(
        board: board, root: table.root, allocate: { Self.zeros(board, &memory) }),
      tables.populate(
        shadow(address_of_image_start()..<address_of_image_end()),
        allocate: { Self.zeros(board, &memory) })
    else { return nil }
    for index in 0..<memory.banks.count {
      let start = memory.banks[index].start.rawValue &+ kernel_parameters.linear_offset
      let end = memory.banks[index].end.rawValue &+ kernel_parameters.linear_offset
      guard
        tables.populate(shadow(start..<end), allocate: { Self.zeros(board, &memory) })
      else { return nil }
    }
    let all = layout.shadowStart..<layout.shadowEnd
    guard tables.mapShared(all, allocate: { Self.zeros(board, &memory) }) else { return nil }
    return tables
  }

  /// A page of zeros.
  private static func zeros(_ board: VirtBoard, _ memory: inout MemoryMap) -> PhysicalAddress? {
    let size = board.pageSize
    guard let page = memory.allocate(size.bytes, alignment: size.bytes) else { return nil }
    board.clearPages(at: page, PageCount(1), size)
    return page
  }

  /// The pages that hold a range's shadow.
  private func shadow(_ range: Range<UInt64>) -> Range<VirtualAddress> {
    let offset = layout.shadowOffset.rawValue
    let start = VirtualAddress((range.lowerBound &>> 3) &+ offset)
    let end = VirtualAddress(((range.upperBound &+ 7) &>> 3) &+ offset)
    return start.alignedDown(to: board.pageSize)..<end.alignedUp(to: board.pageSize)
  }
}
#endif
