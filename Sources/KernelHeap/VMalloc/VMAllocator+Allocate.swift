public import Arm64
public import MemoryTypes
public import PageFrames

/// Memory of the kernel's own: `vmalloc()` and its like.
extension VMAllocator {
  /// Memory of at least a length, page by page; nil if there is none (`vmalloc()`).
  public mutating func allocate(_ size: ByteCount, caller: VMCaller) -> VirtualAddress? {
    allocate(size, .kernel, caller: caller)
  }

  /// Memory full of zeros (`vzalloc()`).
  public mutating func allocateZeroed(_ size: ByteCount, caller: VMCaller) -> VirtualAddress? {
    allocate(size, [.kernel, .zero], caller: caller)
  }

  /// Memory full of zeros that a program may be given, aligned for it (`vmalloc_user()`, SHMLBA).
  public mutating func allocateForUser(_ size: ByteCount, caller: VMCaller) -> VirtualAddress? {
    allocate(
      size, [.kernel, .zero], alignment: 4 &* board.pageSize.bytes.rawValue, flags: .userMap,
      caller: caller)
  }

  /// Memory mapped by blocks where it is as long as one (`vmalloc_huge()`).
  public mutating func allocateHuge(
    _ size: ByteCount, _ gfp: GFP = .kernel, caller: VMCaller
  ) -> VirtualAddress? {
    allocate(size, gfp, flags: .allowHuge, caller: caller)
  }

  /// Memory for a module's code and data, writable until somebody says otherwise
  /// (arch/arm64/kernel/module.c:module_alloc()).
  ///
  /// In its region, which branches of the kernel's image reach; beyond, but within 2 GiB of the
  /// region's start, if that is full: veneers lead there.
  public mutating func allocateModule(_ size: ByteCount, caller: VMCaller) -> VirtualAddress? {
    if let start = allocate(size, .kernel, in: .modules, caller: caller) { return start }
    let limit = modules.low + .gibibytes(2)
    guard let start = allocate(size, .kernel, caller: caller) else { return nil }
    if start + size <= limit { return start }
    free(start)
    return nil
  }

  /// The general form (`__vmalloc_node_range()`): `alignment` is a power of two.
  public mutating func allocate(
    _ size: ByteCount, _ gfp: GFP, alignment: UInt64 = 1, in region: Region = .vmalloc,
    attributes: Descriptor.Attributes = .kernel, flags: VMFlags = [], caller: VMCaller
  ) -> VirtualAddress? {
    allocateArea(
      size, gfp, alignment: alignment, in: region, attributes: attributes, flags: flags,
      caller: caller)?.pointee.start
  }

  /// The same, for who keeps the description to give the memory back by.
  public mutating func allocateArea(
    _ size: ByteCount, _ gfp: GFP, alignment: UInt64 = 1, in region: Region = .vmalloc,
    attributes: Descriptor.Attributes = .kernel, flags: VMFlags = [], caller: VMCaller
  ) -> Description? {
    let pageSize = board.pageSize
    let count = size.pagesNeeded(of: pageSize).rawValue
    guard count > 0, count <= mostPages else { return nil }
    if flags.contains(.allowHuge) && allowsHuge,
      let area = allocateBlocks(size, gfp, alignment, region, attributes, flags, caller)
    {
      return area
    }
    let bytes = PageCount(count).bytes(of: pageSize)
    guard
      let description = place(
        bytes, alignment: alignment, in: region, gfp, flags.union(.alloc), caller)
    else { return nil }
    let start = description.pointee.start
    let frames = frames
    let pageFlags = gfp.union([.noWarn, .highMemory])
    let mapped = mapPages(at: start, count, attributes) { _ in
      frames.pointee.allocate(pageFlags)
    }
    description.pointee.pages = UInt32(truncatingIfNeeded: mapped)
    pages &+= mapped
    if mapped == count {
      tellSanitizer(.opened, start, size)
      return description
    }
    remove(description, freesFrames: true)
    return nil
  }

  /// The same with blocks of level 2, the length rounded up to them; nil for a shorter one, or
  /// where there is no room for them.
  @inline(never)
  private mutating func allocateBlocks(
    _ size: ByteCount, _ gfp: GFP, _ alignment: UInt64, _ region: Region,
    _ attributes: Descriptor.Attributes, _ flags: VMFlags, _ caller: VMCaller
  ) -> Description? {
    let pageSize = board.pageSize
    let span = board.translation.coverage(at: 2)
    let order = Order(holding: span.wholePages(of: pageSize))
    guard board.translation.mapsBlocks(at: 2), order <= frames.pointee.geometry.largest,
      size >= span
    else { return nil }
    let bytes = ByteCount((size.rawValue &+ span.rawValue &- 1) & ~(span.rawValue &- 1))
    guard
      let description = place(
        bytes, alignment: max(alignment, span.rawValue), in: region, gfp, flags.union(.alloc),
        caller)
    else { return nil }
    description.pointee.pageOrder = UInt8(truncatingIfNeeded: order.rawValue)
    let start = description.pointee.start
    var at = start
    while at < start + bytes {
      guard let first = frames.pointee.allocate(order, gfp.union([.noWarn, .highMemory])) else {
        break
      }
      guard mapBlock(at: at, to: frames.pointee.address(of: first), attributes) else {
        frames.pointee.free(first, order)
        break
      }
      // Each page is somebody's own to hold and to give back (`split_page()`).
      frames.pointee.split(first, order)
      at += span
    }
    let mapped = (at - start).wholePages(of: pageSize).rawValue
    description.pointee.pages = UInt32(truncatingIfNeeded: mapped)
    pages &+= mapped
    if at == start + bytes {
      tellSanitizer(.opened, start, size)
      return description
    }
    remove(description, freesFrames: true)
    return nil
  }
}
