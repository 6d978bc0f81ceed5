import Arm64
import Files
import MemoryTypes
import PageFrames

extension AddressSpace {
  /// Whether the reverse map leads back to every entry of this space, and to as many entries as
  /// each frame says; walks everything, for tests.
  public func checkReverseMap() -> StaticString? {
    var wrong: StaticString?
    let geometry = board.translation
    let context = context
    var area = areas.first
    while let here = area {
      area = here.pointee.next
      if let wrong = checkLinks(of: here) { return wrong }
      tables.forEachRun(in: here.pointee.start..<here.pointee.end) { run in
        for index in 0..<run.count {
          let descriptor = run[index]
          guard descriptor.isPresent, !descriptor.isSpecial else { continue }
          let number = descriptor.frame(in: geometry)
          let frame = frames.pointee.frame(number)
          guard frame.pointee.state != .kernel else { continue }
          let address = run.address(index, geometry.pageSize)
          var found: Int32 = 0
          var isHere = false
          context.pointee.forEachMapping(of: number) { mapping in
            found &+= 1
            if mapping.area == here && mapping.address == address { isHere = true }
          }
          if !isHere { wrong = "an entry that the reverse map misses" }
          if found != frame.pointee.mapCount { wrong = "a frame's mapCount and its mappings" }
        }
      }
      if let wrong { return wrong }
    }
    return wrong
  }

  /// Whether an area is where it must be: in its file's tree, in the tree of each of its anon_vmas.
  func checkLinks(of area: Area) -> StaticString? {
    guard context.pointee.space(of: area) == here else { return "an area's space" }
    let shift = pageSize.shift
    let pages = area.pointee.firstPage...area.pointee.lastPage(shift)
    let belongs = area.pointee.file != nil && !area.pointee.isAnonymous
    guard area.pointee.isInFileTree == belongs else { return "an area in a file's tree" }
    if belongs, let inode = area.pointee.file?.pointee.inode {
      let tree = context.pointee.mappings(of: inode)
      guard tree.checkInvariants() else { return "a file's tree" }
      var isThere = false
      tree.forEach(overlapping: pages) { if $0 == area { isThere = true } }
      guard isThere else { return "an area missing from its file's tree" }
    }
    var link = area.pointee.anonymousLinks
    while let here = link {
      link = here.pointee.next
      guard here.pointee.area == area else { return "a link's area" }
      let anonVMA = here.pointee.anonVMA
      guard anonVMA.pointee.references > 0 else { return "a dead anon_vma" }
      let tree = IntervalTree(root: anonVMA.pointee.areas, shift: shift)
      guard tree.checkInvariants() else { return "an anon_vma's tree" }
      var isThere = false
      tree.forEach(overlapping: pages) { if $0 == here { isThere = true } }
      guard isThere else { return "a link missing from its anon_vma's tree" }
    }
    guard let active = area.pointee.anonVMA else { return nil }
    return active.pointee.activeAreas > 0 ? nil : "an anon_vma that nobody is born in"
  }
}
