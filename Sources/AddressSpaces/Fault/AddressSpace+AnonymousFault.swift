import Arm64
import BoardFormat
import MemoryTypes
import PageFrames

/// Demand-zero memory (mm/memory.c:do_anonymous_page()).
extension AddressSpace {
  /// A read of memory that nobody wrote: the zero page, which counts as nothing.
  @inline(__always)
  mutating func anonymousRead(_ area: Area, _ slot: KernelPointer<Descriptor>) -> FaultOutcome {
    let zero = Descriptor(
      page: context.pointee.zeroPage, area.pointee.protection, in: board.translation)
    slot.pointee = zero.madeSpecial
    context.pointee.statistics.pointee.zeroPageFaults &+= 1
    return .resolved
  }

  /// The first write: a frame of zeros.
  @inline(__always)
  mutating func anonymousWrite(
    _ area: Area, _ page: VirtualAddress, _ slot: KernelPointer<Descriptor>
  ) -> FaultOutcome {
    guard prepareAnonymous(area),
      let number = newPage([.highUserMovable, .compound, .zero])
    else { return .outOfMemory }
    own(number, area, page)
    addResident(.anonymous, 1)
    installWritable(number, area, slot)
    context.pointee.statistics.pointee.anonymousFaults &+= 1
    return .resolved
  }

  /// A frame for a page of the program's own, charged to its memory group; nil without memory, or
  /// where the group may have no more (`alloc_zeroed_user_highpage_movable()`, then
  /// `mem_cgroup_charge()`).
  @inline(__always) mutating func newPage(_ flags: GFP) -> PageFrameNumber? {
    guard let number = frames.pointee.allocate(flags) else { return nil }
    guard frames.pointee.charge(number) else {
      frames.pointee.free(number)
      return nil
    }
    return number
  }

  /// Makes a frame an anonymous page of an area, mapped once (`page_add_new_anon_rmap()`).
  ///
  /// The area is prepared.
  @inline(__always)
  mutating func own(_ number: PageFrameNumber, _ area: Area, _ page: VirtualAddress) {
    let frame = frames.pointee.frame(number)
    frame.pointee.state = .anonymous
    frame.pointee.flags = [.uptodate, .swapBacked, .anonymousExclusive]
    frame.pointee.mapping = anonymousMapping(of: area)
    frame.pointee.index =
      area.pointee.pageOffset &+ (page - area.pointee.start).rawValue &>> pageSize.shift
    frame.pointee.mapCount = 1
    frames.pointee.count(.nr_anon_pages, by: 1)
    frames.pointee.countGroup(.nr_anon_pages, frame, by: 1)
    // folio_add_lru_vma()
    if area.pointee.flags.contains(.locked) {
      frames.pointee.lockNew(number)
    } else {
      frames.pointee.addToLRU(number)
    }
  }

  /// An entry for a frame of one's own: young, and dirty and writable if the area may be written
  /// (`maybe_mkwrite(pte_mkdirty())`).
  @inline(__always)
  func installWritable(
    _ number: PageFrameNumber, _ area: Area, _ slot: KernelPointer<Descriptor>
  ) {
    var descriptor = Descriptor(
      page: number, area.pointee.protection, in: board.translation
    ).madeDirty
    if area.pointee.flags.contains(.write) { descriptor = descriptor.madeWritable }
    install(descriptor, at: slot)
  }

  /// What a frame says of the object that it is born in.
  @inline(__always) func anonymousMapping(of area: Area) -> UInt64 {
    UInt64(area.pointee.anonVMA?.address ?? 0)
  }

  /// Sees to it that an area may have anonymous pages; false without memory (`anon_vma_prepare()`).
  @inline(__always) func prepareAnonymous(_ area: Area) -> Bool {
    area.pointee.anonymousLinks != nil || prepareAnonymousFirst(area)
  }

  /// The anon_vma of a neighbour that the area may one day be joined with, or a new one
  /// (mm/rmap.c:__anon_vma_prepare(), find_mergeable_anon_vma()).
  @inline(never) func prepareAnonymousFirst(_ area: Area) -> Bool {
    var shared: KernelPointer<AnonVMA>?
    if let next = area.pointee.next, isReusable(next, area, next) {
      shared = next.pointee.anonVMA
    } else if let previous = area.pointee.previous, isReusable(previous, previous, area) {
      shared = previous.pointee.anonVMA
    }
    return context.pointee.prepare(area, sharing: shared)
  }

  /// Whether the anon_vma of `old`, one of two neighbours, fits the other
  /// (`reusable_anon_vma()`, `anon_vma_compatible()`): they differ in nothing but permissions.
  func isReusable(_ old: Area, _ lower: Area, _ upper: Area) -> Bool {
    guard lower.pointee.end == upper.pointee.start, lower.pointee.file == upper.pointee.file,
      lower.pointee.flags.symmetricDifference(upper.pointee.flags).isSubset(of: .access),
      upper.pointee.pageOffset == lower.pointee.pageOffset &+ pageCount(of: lower)
    else { return false }
    return old.pointee.hasOneLink
  }
}
