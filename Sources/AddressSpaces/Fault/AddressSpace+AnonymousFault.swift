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
    guard let number = frames.pointee.allocate([.highUserMovable, .zero]) else {
      return .outOfMemory
    }
    own(number, area, page)
    addResident(.anonymous, 1)
    installWritable(number, area, slot)
    context.pointee.statistics.pointee.anonymousFaults &+= 1
    return .resolved
  }

  /// Makes a frame an anonymous page of an area, mapped once (`page_add_new_anon_rmap()`).
  @inline(__always)
  mutating func own(_ number: PageFrameNumber, _ area: Area, _ page: VirtualAddress) {
    if area.pointee.anonymousID == 0 { prepareAnonymous(area) }
    let frame = frames.pointee.frame(number)
    frame.pointee.state = .anonymous
    frame.pointee.flags = [.uptodate, .swapBacked, .anonymousExclusive]
    frame.pointee.mapping = area.pointee.anonymousID
    frame.pointee.index =
      area.pointee.pageOffset &+ (page - area.pointee.start).rawValue &>> pageSize.shift
    frame.pointee.mapCount = 1
    frames.pointee.count(.nr_anon_pages, by: 1)
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

  /// The identity of an area's anonymous memory: that of a neighbour it may one day be joined with,
  /// or a new one (mm/rmap.c:__anon_vma_prepare(), find_mergeable_anon_vma()).
  @inline(never)
  mutating func prepareAnonymous(_ area: Area) {
    guard area.pointee.anonymousID == 0 else { return }
    area.pointee.anonymousChain = 1
    if let next = area.pointee.next, isReusable(next, area, next) {
      area.pointee.anonymousID = next.pointee.anonymousID
    } else if let previous = area.pointee.previous, isReusable(previous, previous, area) {
      area.pointee.anonymousID = previous.pointee.anonymousID
    } else {
      area.pointee.anonymousID = context.pointee.makeAnonymousID()
    }
  }

  /// Whether the identity of `old`, one of two neighbours, fits the other
  /// (`reusable_anon_vma()`, `anon_vma_compatible()`): they differ in nothing but permissions.
  func isReusable(_ old: Area, _ lower: Area, _ upper: Area) -> Bool {
    guard lower.pointee.end == upper.pointee.start, lower.pointee.file == upper.pointee.file,
      lower.pointee.flags.symmetricDifference(upper.pointee.flags).isSubset(of: .access),
      upper.pointee.pageOffset == lower.pointee.pageOffset &+ pageCount(of: lower)
    else { return false }
    return old.pointee.anonymousID != 0 && old.pointee.anonymousChain == 1
  }
}
