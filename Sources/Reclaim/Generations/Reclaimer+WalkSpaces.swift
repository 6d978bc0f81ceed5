import AddressSpaces
import Arm64
import MemoryTypes
import PageFrames

/// Aging through page tables (`walk_mm()`, `walk_pte_range()`).
///
/// Every address space is gone through, whoever's pages are looked for: which pages are a vector's
/// the frames say. Tables of the last level in which little was used last time are passed over, by
/// means of the filter, but in spaces that were never walked.
extension Reclaimer {
  func walkSpaces(
    _ vector: KernelPointer<LRUVector>, _ generations: KernelPointer<Generations>, canSwap: Bool
  ) {
    let sequence = generations.pointee.newest
    generations.pointee.filters[Int(sequence &+ 1) & 1].reset()
    var next = memory.pointee.firstSpace
    while let space = next {
      next = space.pointee.nextSpace
      walk(space, vector, generations, canSwap: canSwap)
      space.pointee.wasWalked = true
    }
  }

  private func walk(
    _ space: KernelPointer<AddressSpace<B>>, _ vector: KernelPointer<LRUVector>,
    _ generations: KernelPointer<Generations>, canSwap: Bool
  ) {
    let filter = Int(generations.pointee.newest) & 1
    var table = TableLook()
    var found = 0
    var area = space.pointee.areas.first
    while let here = area {
      area = here.pointee.next
      guard isWalked(here, canSwap: canSwap) else { continue }
      space.pointee.tables.forEachRun(in: here.pointee.start..<here.pointee.end) { run in
        let place = self.table(of: run)
        if place != table.place {
          table.end(in: &generations.pointee.filters[filter ^ 1])
          table = TableLook(
            place,
            isOpen: !space.pointee.wasWalked
              || generations.pointee.filters[filter].mayContain(place))
        }
        guard table.isOpen else { return }
        let young = look(at: run, of: vector.pointee.group, canSwap: canSwap)
        table.total &+= run.count
        table.young &+= young
        found &+= young
      }
    }
    table.end(in: &generations.pointee.filters[filter ^ 1])
    if found != 0 { space.pointee.forgetTranslations() }
  }

  /// What stands for a table of the last level: its own place.
  func table(of run: DescriptorRun) -> UInt64 {
    // SAFETY: the slot's address is only compared.
    unsafe memory.pointee.board.physicalAddress(of: run.slot(0).raw)
      .alignedDown(to: memory.pointee.board.pageSize).rawValue
  }

  /// Whether an area's pages are looked at (`should_skip_vma()`).
  private func isWalked(
    _ area: KernelPointer<VirtualMemoryArea>, canSwap: Bool
  ) -> Bool {
    let flags = area.pointee.flags
    guard !flags.isDisjoint(with: .access),
      flags.isDisjoint(with: [.locked, .sequentialRead, .randomRead]),
      flags.isDisjoint(with: .special), !area.pointee.special.isKernels
    else { return false }
    return canSwap || !area.pointee.isAnonymous
  }

  /// Promotes the pages of a group that a run's entries were used to reach; how many.
  private func look(at run: DescriptorRun, of group: UInt32, canSwap: Bool) -> Int {
    let geometry = memory.pointee.board.translation
    var young = 0
    for index in 0..<run.count {
      let entry = run[index]
      guard entry.isPresent, !entry.isSpecial, entry.isYoung else { continue }
      let number = entry.frame(in: geometry)
      let frame = frames.pointee.frame(number)
      guard frame.pointee.charge == group, canSwap || !frame.pointee.flags.contains(.swapBacked)
      else { continue }
      run[index] = entry.madeOld
      young &+= 1
      frames.pointee.promote(number)
    }
    return young
  }
}

/// What was found so far in one table of the last level.
private struct TableLook: BitwiseCopyable {
  var place: UInt64 = 0
  var isOpen = false
  var total = 0
  var young = 0

  init() {}

  init(_ place: UInt64, isOpen: Bool) {
    self.place = place
    self.isOpen = isOpen
  }

  /// A table in which one entry of each cache line was used is worth the next look
  /// (`suitable_to_scan()`).
  func end(in filter: inout TableFilter) {
    if isOpen && total > 0 && young &* 8 >= total { filter.insert(place) }
  }
}
