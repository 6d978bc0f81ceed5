import Arm64
import BoardFormat
import KernelAssembly
import KernelLayout
import MemoryTypes
import PageFrames

/// The kernel half as it stays: `swapper_pg_dir` (arch/arm64/mm/mmu.c:paging_init()).
///
/// The linear map by blocks and contiguous runs, the image's sections each with its permissions,
/// the frame table where there is RAM, devices in the fixmap. Tables come from the memory map, high
/// in RAM, before there is a frame allocator.
struct KernelTables: ~Copyable {
  let board: VirtBoard
  let layout: KernelLayout
  let table: PageTable<VirtBoard>
  /// A root without entries: what TTBR0 holds while no program's address space is active.
  let empty: PhysicalAddress
  /// RAM holds nothing but zeros that was not written since reset.
  let ramIsZero: Bool

  /// Makes the roots; nil if RAM has no room.
  init?(_ board: VirtBoard, _ map: inout MemoryMap, ramIsZero: Bool) {
    self.board = board
    self.ramIsZero = ramIsZero
    layout = KernelLayout(linux6_1: board.translation, shadow: kernelShadow)
    guard
      let root = Self.page(board, &map, ramIsZero), let empty = Self.page(board, &map, ramIsZero)
    else { return nil }
    table = PageTable(board: board, root: root)
    self.empty = empty
  }

  /// A page of zeros.
  private static func page(_ board: VirtBoard, _ map: inout MemoryMap, _ ramIsZero: Bool)
    -> PhysicalAddress?
  {
    let size = board.pageSize
    guard let page = map.allocate(size.bytes, alignment: size.bytes) else { return nil }
    if !ramIsZero { board.clearPages(at: page, PageCount(1), size) }
    return page
  }

  private func map(
    _ map: inout MemoryMap, _ address: VirtualAddress, _ range: PhysicalRange,
    _ attributes: Descriptor.Attributes, _ options: MappingOptions = []
  ) -> Bool {
    range.isEmpty
      || table.map(address, to: range.start, range.length, attributes, options) { _ in
        Self.page(board, &map, ramIsZero).map { PageFrameNumber(containing: $0, board.pageSize) }
      }
  }

  /// RAM at PAGE_OFFSET (`map_mem()`), the alias of the kernel's text read-only and in pages that
  /// its permissions can be changed of, and the board file's areas behind RAM.
  func mapRAM(_ memory: inout MemoryMap) -> Bool {
    let text = section(address_of_text_start(), address_of_init_start())
    // map_mem(): can_set_direct_map() asks for pages.
    let form: MappingOptions =
      board.header.pointee.options.contains(.mapsByPages)
      ? [.noExecute, .noBlocks, .noContiguous] : .noExecute
    var ok = true
    for index in 0..<memory.banks.count {
      let bank = memory.banks[index]
      let below = PhysicalRange(start: bank.start, end: min(bank.end, text.start))
      let above = PhysicalRange(start: max(bank.start, text.end), end: bank.end)
      ok =
        ok && map(&memory, linear(below.start), below, .kernelLinearMap, form)
        && map(&memory, linear(above.start), above, .kernelLinearMap, form)
    }
    ok =
      ok
      && map(&memory, linear(text.start), text, .kernelReadOnly, [.noContiguous, .noExecute])
    let areas = PhysicalRange(
      start: PhysicalAddress(kernel_parameters.header),
      end: PhysicalAddress(kernel_parameters.board_end).alignedUp(to: board.pageSize))
    return ok && map(&memory, linear(areas.start), areas, .kernelLinearMap, .noExecute)
  }

  /// The image at KIMAGE_VADDR (`map_kernel()`).
  ///
  /// Text is executable, constants are read-only, the rest is not executable. The code and the
  /// relocations of the start-up stay until ``dropInit(_:)``.
  func mapImage(_ memory: inout MemoryMap) -> Bool {
    let text = (address_of_text_start(), address_of_text_end())
    let constants = (address_of_text_end(), address_of_init_start())
    let start = (address_of_init_start(), address_of_init_end())
    let data = (address_of_init_end(), address_of_guard_start())
    let stack = (address_of_guard_end(), address_of_data_end())
    return map(&memory, VirtualAddress(text.0), section(text.0, text.1), .kernelReadOnlyExecute)
      && map(
        &memory, VirtualAddress(constants.0), section(constants.0, constants.1), .kernelReadOnly,
        .noContiguous)
      && map(
        &memory, VirtualAddress(start.0), section(start.0, start.1), .kernelReadOnlyExecute)
      && map(&memory, VirtualAddress(data.0), section(data.0, data.1), .kernel)
      && map(&memory, VirtualAddress(stack.0), section(stack.0, stack.1), .kernel)
  }

  /// The frame table at VMEMMAP_START, for sections that have RAM, and where frame 0 would be.
  func mapFrameTable(_ memory: inout MemoryMap) -> FrameTable? {
    let size = board.pageSize
    let first = layout.memoryStart(firstByte: memory.span.start).rawValue &>> size.shift
    let base = layout.vmemmapStart.rawValue &- first &<< FrameTable.frameShift
    var blocks = InlineArray<128, (UInt64, PhysicalRange)>(
      repeating: (0, PhysicalRange(start: PhysicalAddress(0), length: .zero)))
    var count = 0
    let populated = memory.populateFrameTable { frame, block in
      guard count < 128 else { return false }
      blocks[count] = (base &+ frame.rawValue &<< FrameTable.frameShift, block)
      count &+= 1
      return true
    }
    guard populated else { return nil }
    for index in 0..<count {
      let (address, block) = blocks[index]
      guard map(&memory, VirtualAddress(address), block, .kernel, .noExecute) else { return nil }
      if !ramIsZero {
        board.clearPages(at: block.start, block.length.wholePages(of: size), size)
      }
    }
    // SAFETY: the parts that describe RAM are mapped by the table that is about to be used.
    return unsafe FrameTable(
      base: UnsafeMutableRawPointer(bitPattern: UInt(base)).unsafelyUnwrapped)
  }

  /// The PL011 in the early console's slot of the fixmap, the interrupt controller's pages below
  /// the permanent slots, where Linux's early_ioremap() has its own.
  func mapDevices(_ memory: inout MemoryMap) -> Bool {
    let page = board.pageSize.bytes
    if let transport = board.virtioTransport {
      let start = PhysicalAddress(transport.start & ~(page.rawValue &- 1))
      guard
        map(
          &memory, VirtualAddress(InterruptController.devices),
          PhysicalRange(start: start, length: page), .device, .noExecute)
      else { return false }
    }
    return map(
      &memory, VirtualAddress(kernel_parameters.uart),
      PhysicalRange(start: PhysicalAddress(0x0900_0000), length: page), .device, .noExecute)
      && map(
        &memory, VirtualAddress(InterruptController.distributor),
        PhysicalRange(start: PhysicalAddress(0x0800_0000), length: page), .device, .noExecute)
      && map(
        &memory, VirtualAddress(InterruptController.interface),
        PhysicalRange(start: PhysicalAddress(0x0801_0000), length: page), .device, .noExecute)
  }

  /// What Linux has above vmalloc besides: the device tree in the fixmap, read-only
  /// (fixmap_remap_fdt(), in blocks where early tables have them), and the ports of the board's PCI
  /// bridge, 64K at its own address, at the start of their window of 16M (pci_remap_iospace()).
  func mapWindows(_ memory: inout MemoryMap) -> Bool {
    let ports = PhysicalRange(start: PhysicalAddress(0x3eff_0000), length: .kibibytes(64))
    guard map(&memory, layout.pciStart, ports, .device, [.noExecute, .noContiguous]) else {
      return false
    }
    let area = board.header.pointee.deviceTree
    guard area.start != 0 else { return true }
    let block = board.pageSize == .fourKiB ? ByteCount.mebibytes(2) : board.pageSize.bytes
    let mask = block.rawValue &- 1
    let tree = PhysicalRange(
      start: PhysicalAddress(area.start & ~mask),
      end: PhysicalAddress((area.start &+ area.length &+ mask) & ~mask))
    return map(
      &memory, layout.fixmapTop - .mebibytes(4), tree, .kernelReadOnly,
      [.noExecute, .noContiguous])
  }

  /// Lets the CPU use them.
  func activate() {
    let control = TranslationControl(
      geometry: board.translation,
      physicalBits: TranslationControl.addressBits(sizeCode: read_mmfr0() & 15),
      hasHardwareAccessAndDirty: board.hasHardwareAccessAndDirty)
    precondition(kernel_parameters.mair == TranslationControl.mair())
    unsafe kernel_variables().pointee.empty_ttbr = control.ttbr(root: empty)
    // SAFETY: eight words, of which a signpost takes five.
    unsafe kernel_signpost().storeBytes(
      of: Signpost(
        root: table.root.rawValue, pageShift: board.pageSize.shift,
        vaBits: board.translation.vaBits), as: Signpost.self)
    board.ring(.kernelRoot, table.root.rawValue)
    replace_kernel_tables(
      control.ttbr(root: table.root), control.tcr,
      kernel_parameters.image_physical &- kernel_parameters.image_virtual,
      control.ttbr(root: empty))
  }

  /// Gives back what only the start-up needed (`free_initmem()`): its section of the image, which
  /// is no longer mapped there, and the tables it came up with.
  func dropInit(_ memory: inout MemoryMap) -> Bool {
    let (start, end) = (address_of_init_start(), address_of_init_end())
    table.forEachRun(in: VirtualAddress(start)..<VirtualAddress(end)) { run in
      for index in 0..<run.count { run[index] = .none }
    }
    board.invalidate(.all)
    barrier_isb()
    return memory.release(section(start, end))
      && memory.release(section(address_of_data_end(), address_of_image_end()))
  }

  private func linear(_ address: PhysicalAddress) -> VirtualAddress {
    VirtualAddress(address.rawValue &+ kernel_parameters.linear_offset)
  }

  /// Where a part of the image lies in RAM.
  private func section(_ start: UInt64, _ end: UInt64) -> PhysicalRange {
    let offset = kernel_parameters.image_physical &- kernel_parameters.image_virtual
    return PhysicalRange(
      start: PhysicalAddress(start &+ offset), end: PhysicalAddress(end &+ offset))
  }
}
