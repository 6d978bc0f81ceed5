import Arm64
import KernelHeap
public import KernelLayout
public import MemoryTypes
import PageFrames

/// What exec needs of a space that does not run yet (fs/exec.c).
extension AddressSpace {
  /// The first page of the stack, at the top; arguments are copied into it with `copyOut`, and it
  /// grows under them (`__bprm_mm_init()`).
  public mutating func makeStack() throws(Errno) {
    let top = user.stackTop
    try makeStack(top: top)
  }

  /// As `makeStack()`, with a top of one's own: page aligned, at most STACK_TOP.
  public mutating func makeStack(top: VirtualAddress) throws(Errno) {
    let start = top - pageSize.bytes
    let page = PageCount(1)
    try context.pointee.promise(page, totalPages: totalPages)
    let flags = AreaFlags.data.union([.growsDown, .accounted]).union(.stackUnfinished)
    do throws(Errno) {
      try makeArea(
        start, top, flags, nil, start.rawValue &>> pageSize.shift, after: areas.last)
    } catch {
      context.pointee.withdraw(page)
      throw error
    }
    totalPages = page
    stackPages = page
  }

  /// The stack as the program gets it: executable or not, and 128K more than it holds
  /// (`setup_arg_pages()`).
  public mutating func finishStack(executable: Bool) throws(Errno) {
    // The task counts faults anew in its new space (exec_mmap() pours what it held of the old).
    synchronizeResident()
    guard let stack = areas.last, stack.pointee.flags.contains(.growsDown) else { throw .EFAULT }
    var flags = stack.pointee.flags.union(defaultFlags)
    if executable { flags.insert(.execute) }
    let area = try protect(
      stack, after: stack.pointee.previous, stack.pointee.start, stack.pointee.end, flags)
    area.pointee.flags.subtract(.stackUnfinished)
    let size = area.pointee.length
    let limit = ByteCount(
      context.pointee.current.pointee.limits.pointee[.stack].soft & ~pageSize.offsetMask)
    let wanted = size + ByteCount.kibibytes(128)
    let base = area.pointee.end - min(wanted, limit)
    if base < area.pointee.start {
      guard growStack(area, to: base) else { throw .EFAULT }
    }
  }

  /// Takes the landmarks of the program that is to run, and moves the stack, with the strings that
  /// are on it already, down to a top of theirs, if one is given; how far it came down
  /// (`shift_arg_pages()`).
  public mutating func adopt(
    _ layout: UserLayout, stackTop: VirtualAddress?
  ) throws(Errno) -> ByteCount {
    guard let stack = areas.last, stack.pointee.flags.contains(.growsDown) else { throw .EFAULT }
    let shift = stackTop.map { stack.pointee.end - $0 } ?? .zero
    if shift != .zero {
      let length = stack.pointee.length
      let lowest = context.pointee.settings.mmapMinAddress
      guard length.rawValue < layout.stackTop.rawValue &- lowest else { throw .ENOMEM }
      let start = stack.pointee.start
      _ = try move(stack, start, length, start - shift, length, .mayMove)
    }
    user = layout
    return shift
  }

  /// Maps whole frames of the kernel's (`_install_special_mapping()`): `[vvar]`, `[vdso]` and their
  /// like.
  public mutating func mapSpecial(
    _ kind: SpecialMapping, frames: (first: PageFrameNumber, count: PageCount),
    _ flags: AreaFlags, at start: VirtualAddress
  ) throws(Errno) {
    let end = start + frames.count.bytes(of: pageSize)
    guard start < end, areas.area(intersecting: start, end) == nil else { throw .ENOMEM }
    guard kind.isKernels else { throw .EINVAL }
    context.pointee.specialFrames[Int(kind.rawValue)] = frames
    let previous = areas.neighbours(of: start).previous
    let all = flags.union(.noExpand).union(defaultFlags)
    var value = VirtualMemoryArea(start: start, end: end, flags: all, pageOffset: 0)
    value.special = kind
    value.isAnonymous = false
    value.protection = all.pageAttributes
    guard let area = context.pointee.areaCache.allocate(value) else { throw .ENOMEM }
    insert(area, after: previous)
    account(all, frames.count)
  }

  /// Whether another program may read, or write, an address of this one's: by what the area says,
  /// not by what the CPU would let through (mm/gup.c:check_vma_flags()).
  public mutating func isOpen(at address: VirtualAddress, toWrites writes: Bool) -> Bool {
    guard var area = areas.area(endingAbove: address) else { return false }
    if area.pointee.start > address {
      guard growStack(area, to: address), let grown = areas.area(containing: address) else {
        return false
      }
      area = grown
    }
    return area.pointee.flags.contains(writes ? .write : .read)
      && area.pointee.flags.isDisjoint(with: [.deviceMemory, .frameNumbers])
  }

  /// The area that contains an address.
  public mutating func area(at address: VirtualAddress) -> KernelPointer<VirtualMemoryArea>? {
    areas.area(containing: address)
  }

  /// The lowest area that ends above an address (`find_vma()`).
  public mutating func firstArea(
    from address: VirtualAddress
  ) -> KernelPointer<VirtualMemoryArea>? {
    areas.area(endingAbove: address)
  }
}
