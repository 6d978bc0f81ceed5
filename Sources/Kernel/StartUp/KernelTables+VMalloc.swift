import KernelAssembly
import KernelHeap
import KernelLayout
import MemoryTypes

extension KernelTables {
  /// Starts the allocator of the vmalloc and module regions, in which the image lies already
  /// (`vmalloc_init()`, arch/arm64/mm/mmu.c:map_kernel_segment()).
  ///
  /// Nothing is ever put where the image has holes or once had its start-up code: its sections are
  /// areas, and so is what lies between them.
  func startVMalloc(_ slab: KernelPointer<SlabAllocator<VirtBoard>>)
    -> KernelPointer<VMAllocator<VirtBoard>>?
  {
    // As arch/arm64/kernel/kaslr.c: from the start of what modules get, a branch reaches all text.
    let reach = VirtualAddress(address_of_text_end() &- (128 &<< 20))
      .alignedDown(to: VirtBoard().pageSize)
    let regions = (
      layout.vmallocStart..<layout.vmallocEnd, max(layout.modulesStart, reach)..<layout.modulesEnd
    )
    guard
      let vmalloc = VMAllocator.start(
        slab: slab, table: table, vmalloc: regions.0, modules: regions.1)
    else { return nil }
    let borders =
      [
        address_of_text_start(), address_of_text_end(), address_of_init_start(),
        address_of_init_end(), address_of_image_end(),
      ] as InlineArray<5, UInt64>
    let offset = kernel_parameters.image_physical &- kernel_parameters.image_virtual
    for index in 0..<4 {
      let range = VirtualAddress(borders[index])..<VirtualAddress(borders[index &+ 1])
      let isLast = index == 3
      guard
        vmalloc.pointee.register(
          range, physical: PhysicalAddress(range.lowerBound.rawValue &+ offset),
          isLast ? .map : [.map, .noGuard], caller: "paging_init")
      else { return nil }
    }
    return vmalloc
  }
}
