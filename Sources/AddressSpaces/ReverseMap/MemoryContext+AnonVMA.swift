import Arm64
import KernelHeap
import MemoryTypes

/// Making, copying and dropping an area's links to anon_vmas (mm/rmap.c).
extension MemoryContext {
  typealias Area = AreaTree.Area

  @inline(__always) func withTree(
    of anonVMA: KernelPointer<AnonVMA>, _ body: (inout IntervalTree<AnonVMAChain>) -> Void
  ) {
    var tree = IntervalTree(root: anonVMA.pointee.areas, shift: board.pageSize.shift)
    body(&tree)
    anonVMA.pointee.areas = tree.root
  }

  /// A new anon_vma without areas, a root; nil without memory (`anon_vma_alloc()`).
  func makeAnonVMA() -> KernelPointer<AnonVMA>? {
    guard let new = anonVMACache.allocate(AnonVMA()) else { return nil }
    new.pointee.root = new
    new.pointee.parent = new
    return new
  }

  /// Links an area to an anon_vma, in front of its other links; false without memory
  /// (`anon_vma_chain_link()`).
  func link(_ area: Area, to anonVMA: KernelPointer<AnonVMA>) -> Bool {
    guard
      let link = anonVMAChainCache.allocate(
        AnonVMAChain(area: area, anonVMA: anonVMA, next: area.pointee.anonymousLinks))
    else { return false }
    area.pointee.anonymousLinks = link
    withTree(of: anonVMA) { $0.insert(link) }
    return true
  }

  /// Gives an area that may get its first anonymous page an anon_vma: `neighbour`, if one can be
  /// shared, or a new one; false without memory (`__anon_vma_prepare()`).
  func prepare(_ area: Area, sharing neighbour: KernelPointer<AnonVMA>?) -> Bool {
    if let neighbour {
      guard link(area, to: neighbour) else { return false }
      neighbour.pointee.activeAreas &+= 1
      return true
    }
    guard let new = makeAnonVMA() else { return false }
    new.pointee.children = 1  // itself
    guard link(area, to: new) else {
      anonVMACache.free(new)
      return false
    }
    new.pointee.activeAreas = 1
    return true
  }

  /// Gives an area without links those of another, in the same order; false, and no links, without
  /// memory (`anon_vma_clone()`).
  func cloneLinks(to area: Area, from other: Area) -> Bool {
    guard copyLinks(to: area, from: other) else { return false }
    area.pointee.anonVMA?.pointee.activeAreas &+= 1
    return true
  }

  /// The links alone: nobody's pages are born through them yet.
  private func copyLinks(to area: Area, from other: Area) -> Bool {
    var last: KernelPointer<AnonVMAChain>?
    var link = other.pointee.anonymousLinks
    while let here = link {
      link = here.pointee.next
      let anonVMA = here.pointee.anonVMA
      guard
        let copy = anonVMAChainCache.allocate(
          AnonVMAChain(area: area, anonVMA: anonVMA, next: nil))
      else {
        unlink(area, wasActive: false)
        return false
      }
      withTree(of: anonVMA) { $0.insert(copy) }
      if let last { last.pointee.next = copy } else { area.pointee.anonymousLinks = copy }
      last = copy
    }
    return true
  }

  /// Gives a child's area links to its parent's anon_vmas, and one for its own pages; false, and
  /// no links, without memory (`anon_vma_fork()`).
  ///
  /// An anon_vma that no area's pages are born in any more, with no more than one child, is used
  /// again (the condition is anon_vma_clone()'s): else the chain would grow with each generation of
  /// a process that forks and ends.
  func forkLinks(to area: Area, from parent: Area) -> Bool {
    guard let active = parent.pointee.anonVMA else { return true }
    guard copyLinks(to: area, from: parent) else { return false }
    if reuseAncestor(area) { return true }
    guard let new = makeAnonVMA() else {
      unlink(area, wasActive: false)
      return false
    }
    guard link(area, to: new) else {
      anonVMACache.free(new)
      unlink(area, wasActive: false)
      return false
    }
    new.pointee.activeAreas = 1
    new.pointee.root = active.pointee.root
    new.pointee.parent = active
    new.pointee.root?.pointee.references &+= 1
    active.pointee.children &+= 1
    return true
  }

  /// Brings an idle ancestor's link, the oldest there is, to the front of an area's.
  private func reuseAncestor(_ area: Area) -> Bool {
    var before: KernelPointer<AnonVMAChain>?
    var chosenBefore: KernelPointer<AnonVMAChain>?
    var chosen: KernelPointer<AnonVMAChain>?
    var link = area.pointee.anonymousLinks
    while let here = link {
      let anonVMA = here.pointee.anonVMA
      if anonVMA.pointee.children < 2 && anonVMA.pointee.activeAreas == 0 {
        chosen = here
        chosenBefore = before
      }
      before = here
      link = here.pointee.next
    }
    guard let chosen else { return false }
    chosen.pointee.anonVMA.pointee.activeAreas &+= 1
    guard let chosenBefore else { return true }
    chosenBefore.pointee.next = chosen.pointee.next
    chosen.pointee.next = area.pointee.anonymousLinks
    area.pointee.anonymousLinks = chosen
    return true
  }

  /// Takes all of an area's links away, and anon_vmas that no area is linked to any more
  /// (`unlink_anon_vmas()`).
  func unlink(_ area: Area, wasActive: Bool = true) {
    guard let active = area.pointee.anonVMA else { return }
    if wasActive { active.pointee.activeAreas &-= 1 }
    var link = area.pointee.anonymousLinks
    while let here = link {
      link = here.pointee.next
      withTree(of: here.pointee.anonVMA) { $0.remove(here) }
      if here.pointee.anonVMA.pointee.areas == nil {
        here.pointee.anonVMA.pointee.parent?.pointee.children &-= 1
      }
    }
    link = area.pointee.anonymousLinks
    area.pointee.anonymousLinks = nil
    while let here = link {
      link = here.pointee.next
      let anonVMA = here.pointee.anonVMA
      anonVMAChainCache.free(here)
      if anonVMA.pointee.areas == nil { release(anonVMA) }
    }
  }

  /// Drops a reference, and with the last the anon_vma and its hold on its root
  /// (`__put_anon_vma()`).
  private func release(_ anonVMA: KernelPointer<AnonVMA>) {
    anonVMA.pointee.references &-= 1
    guard anonVMA.pointee.references == 0 else { return }
    let root = anonVMA.pointee.root
    anonVMACache.free(anonVMA)
    if let root, root != anonVMA { release(root) }
  }

  /// Brings the trees up to date after an area's bounds moved; at once, and before any other
  /// area's do.
  @inline(__always) func boundsChanged(_ area: Area) {
    if area.pointee.anonymousLinks == nil && !area.pointee.isInFileTree { return }
    boundsChangedInTrees(area)
  }

  @inline(never) private func boundsChangedInTrees(_ area: Area) {
    var link = area.pointee.anonymousLinks
    while let here = link {
      withTree(of: here.pointee.anonVMA) { $0.boundsChanged(here) }
      link = here.pointee.next
    }
    if area.pointee.isInFileTree { withFileTree(of: area) { $0.boundsChanged(area) } }
  }
}
