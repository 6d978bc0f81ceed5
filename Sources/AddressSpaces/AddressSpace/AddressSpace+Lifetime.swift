import Arm64
import BoardFormat
import Files
import KernelHeap
public import MemoryTypes
import PageFrames

extension AddressSpace {
  /// A new, empty space with one user (`mm_alloc()`); nil without memory.
  public static func make(
    in context: KernelPointer<MemoryContext<B>>
  ) -> KernelPointer<AddressSpace<B>>? {
    guard let root = context.pointee.frames.pointee.allocate([.kernel, .zero, .account]) else {
      return nil
    }
    context.pointee.frames.pointee.frame(root).pointee.state = .pageTable
    context.pointee.frames.pointee.frame(root).pointee.index = 0
    let guardBytes = context.pointee.settings.stackGuardPages.bytes(
      of: context.pointee.board.pageSize)
    guard
      let space = context.pointee.spaceCache.allocate(
        AddressSpace(context: context, root: root, stackGuard: guardBytes))
    else {
      context.pointee.frames.pointee.free(root)
      return nil
    }
    space.pointee.here = space
    space.pointee.nextSpace = context.pointee.firstSpace
    context.pointee.firstSpace?.pointee.previousSpace = space
    context.pointee.firstSpace = space
    return space
  }

  /// One more user (`mmget()`).
  public mutating func retain() { users &+= 1 }

  /// One user less; with the last the space is emptied and gone (`mmput()`).
  ///
  /// TTBR0 must hold other tables by then.
  public static func release(_ space: KernelPointer<AddressSpace<B>>) {
    space.pointee.users &-= 1
    guard space.pointee.users == 0 else { return }
    let context = space.pointee.context
    if context.pointee.board.traced.contains(.areas) {
      context.pointee.board.trace(TraceRecord(.spaceGone, space.pointee.root.rawValue))
    }
    space.pointee.tearDown()
    let next = space.pointee.nextSpace
    let previous = space.pointee.previousSpace
    next?.pointee.previousSpace = previous
    if let previous { previous.pointee.nextSpace = next } else { context.pointee.firstSpace = next }
    context.pointee.frames.pointee.free(space.pointee.root)
    context.pointee.spaceCache.free(space)
  }

  /// What TTBR0 must hold for this space, with an ASID of the current generation
  /// (arch/arm64/mm/context.c:check_and_switch_context()).
  @inline(__always)
  public mutating func activation() -> (tables: PhysicalAddress, asid: ASID) {
    if !context.pointee.asids.isCurrent(contextID) { renewASID() }
    return (root.address(pageSize), ASID(UInt16(truncatingIfNeeded: contextID)))
  }

  @inline(never) mutating func renewASID() {
    let new = context.pointee.asids.allocate()
    if new.rolledOver { board.invalidate(.all) }
    contextID = new.contextID
  }

  /// Takes everything out (`exit_mmap()`): all pages, then all tables, then all areas.
  mutating func tearDown() {
    guard let first = areas.first, let last = areas.last else { return }
    let lowest = first.pointee.start
    let highest = last.pointee.end
    var promised = PageCount(0)
    var area: AreaTree.Area? = first
    while let here = area {
      unmapPages(of: here, here.pointee.start, here.pointee.end, lowest, highest)
      area = here.pointee.next
    }
    freeAllTables()
    flushGather(lowest, highest)
    area = first
    while let here = area {
      area = here.pointee.next
      if here.pointee.flags.contains(.accounted) {
        promised += here.pointee.length.wholePages(of: pageSize)
      }
      discard(here)
    }
    areas = AreaTree(stackGuard: areas.stackGuard)
    context.pointee.withdraw(promised)
  }

  /// Unhooks the tables of every group of areas that lie close together.
  mutating func freeAllTables() {
    let span = board.translation.coverage(at: 2)
    // What lies below is gone already, so tables shared with it go too (free_pgtables()).
    let floor = VirtualAddress(0)
    var area = areas.first
    while let first = area {
      var last = first
      while let next = last.pointee.next, next.pointee.start - last.pointee.end <= span {
        last = next
      }
      let ceiling = last.pointee.next?.pointee.start ?? VirtualAddress(0)
      freeTables(first.pointee.start, last.pointee.end, floor: floor, ceiling: ceiling)
      area = last.pointee.next
    }
  }

  /// Gives back an area that is in no tree any more, and what it holds (`remove_vma()`).
  func discard(_ area: AreaTree.Area) {
    context.pointee.unlink(area)
    context.pointee.unlinkFile(area)
    if let file = area.pointee.file {
      if area.pointee.special == .attachment { closeAttachment(file) }
      context.pointee.files.pointee.release(file)
    }
    context.pointee.areaCache.free(area)
  }
}
