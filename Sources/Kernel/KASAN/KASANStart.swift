#if KASAN
import Arm64
import BoardFormat
import KernelAssembly
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames

extension KASAN {
  /// Makes the kernel's sanitizer, and lets the checks begin; dies if there is no room.
  ///
  /// The tables with the shadow are in use. All RAM counts as accessible until
  /// ``poisonFree(_:_:)``.
  static func start(
    _ board: VirtBoard, _ layout: KernelLayout, _ tables: ShadowTables<VirtBoard>,
    _ memory: inout MemoryMap
  ) {
    let ram = memory.ramBytes
    // The depot: a 64th of RAM, at most 16M.
    let depotBytes = min(max(ram / 64, 1 &<< 20), 16 &<< 20) & ~65535
    let tablesOffset = (MemoryLayout<KASAN>.size &+ 15) & ~15
    let hooksOffset =
      (tablesOffset &+ MemoryLayout<ShadowTables<VirtBoard>>.size &+ 15) & ~15
    let own = UInt64(hooksOffset &+ MemoryLayout<SlabHooks>.size &+ 65535) & ~65535
    guard
      let place = memory.allocate(ByteCount(own &+ depotBytes), alignment: ByteCount(65536))
    else { die("too little RAM for the sanitizer") }
    board.clearPages(
      at: place, ByteCount(own &+ depotBytes).wholePages(of: board.pageSize), board.pageSize)
    let lowest = (layout.shadowStart.rawValue &- layout.shadowOffset.rawValue) &<< 3
    let shadow = ShadowMap(offset: layout.shadowOffset.rawValue, lowest: lowest)
    // SAFETY: the memory was just taken, and is aligned and large enough for both.
    let memory = unsafe board.pointer(to: place)
    unsafe memory.bindMemory(to: KASAN.self, capacity: 1).initialize(
      to: KASAN(
        shadow: shadow, environment: .board, pageSize: board.pageSize.bytes.rawValue,
        taskSize: layout.taskSize.rawValue, ram: ram,
        depot: UnsafeMutableRawBufferPointer(
          start: memory + Int(own), count: Int(depotBytes))))
    let tablesPlace = unsafe (memory + tablesOffset).bindMemory(
      to: ShadowTables<VirtBoard>.self, capacity: 1)
    unsafe tablesPlace.initialize(to: tables)
    unsafe kasan_board().pointee.tables = UInt64(UInt(bitPattern: tablesPlace))
    let kasan = unsafe KernelPointer(memory.assumingMemoryBound(to: KASAN.self))
    let hooksPlace = unsafe (memory + hooksOffset).bindMemory(to: SlabHooks.self, capacity: 1)
    unsafe hooksPlace.initialize(to: .sanitizer(kasan))
    unsafe kasan_board().pointee.hooks = UInt64(UInt(bitPattern: hooksPlace))
    unsafe kasan_board().pointee.state = UInt64(UInt(bitPattern: memory))
    unsafe kasan_board().pointee.lowest = lowest
    unsafe kasan_board().pointee.offset = shadow.offset
  }

  /// What the slab allocator is to tell the kernel's sanitizer by.
  static var slabHooks: KernelPointer<SlabHooks>? {
    // SAFETY: start-up stores the address of hooks that stay.
    guard
      let place = unsafe UnsafeMutablePointer<SlabHooks>(
        bitPattern: UInt(kasan_board().pointee.hooks))
    else { return nil }
    return unsafe KernelPointer(place)
  }

  /// The frame allocator has RAM now: what it has not given out may not be accessed.
  static func poisonFree(
    _ memory: borrowing MemoryMap, _ board: VirtBoard,
    _ frames: KernelPointer<FrameAllocator<VirtBoard>>
  ) {
    unsafe kasan_board().pointee.frames = UInt64(frames.address)
    memory.forEachFreeRange { range in
      let start = range.start.alignedUp(to: board.pageSize)
      let end = range.end.alignedDown(to: board.pageSize)
      guard start < end else { return }
      KASAN.ofBoard?.pointee.pagesFreed(
        start.rawValue &+ kernel_parameters.linear_offset, bytes: (end - start).rawValue)
    }
    set_kernel_traced(kernel_parameters.traced | TraceCategories.sanitizer.rawValue)
  }
}

extension MemoryMap {
  /// All RAM.
  fileprivate var ramBytes: UInt64 {
    var bytes: UInt64 = 0
    for index in 0..<banks.count { bytes &+= banks[index].length.rawValue }
    return bytes
  }
}
#endif
