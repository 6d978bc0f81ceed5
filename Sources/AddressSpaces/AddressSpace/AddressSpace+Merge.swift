import Arm64
import Files
import KernelHeap
import MemoryTypes

/// Merging and splitting areas (mm/mmap.c:vma_merge(), __vma_adjust(), __split_vma()).
extension AddressSpace {
  typealias Area = AreaTree.Area

  /// What a piece of address space is to be, for comparison with its neighbours.
  struct Candidate {
    var flags: AreaFlags
    var anonVMA: KernelPointer<AnonVMA>?
    var file: KernelPointer<OpenFile>?
    var pageOffset: UInt64
    var policy = PolicyNumber.none
  }

  /// Whether two pieces of anonymous memory may become one (`is_mergeable_anon_vma()`): at most
  /// one of them was written to, and not before a fork; or both have the same anon_vma.
  @inline(__always)
  func anonVMAsAgree(
    _ a: KernelPointer<AnonVMA>?, _ b: KernelPointer<AnonVMA>?, in area: Area?
  ) -> Bool {
    if a == nil || b == nil {
      guard let area else { return true }
      if area.pointee.hasOneLink { return true }
    }
    return a == b
  }

  @inline(__always) func isLike(_ area: Area, _ piece: Candidate) -> Bool {
    area.pointee.flags == piece.flags && area.pointee.file == piece.file
      && area.pointee.isPlain(with: piece.policy)
      && anonVMAsAgree(piece.anonVMA, area.pointee.anonVMA, in: area)
  }

  /// Whether a piece can be put behind an area (`can_vma_merge_after()`).
  @inline(__always) func canFollow(_ area: Area, _ piece: Candidate) -> Bool {
    isLike(area, piece)
      && area.pointee.pageOffset &+ pageCount(of: area) == piece.pageOffset
  }

  /// Whether a piece that ends at `endOffset` can be put in front of an area
  /// (`can_vma_merge_before()`).
  @inline(__always) func canPrecede(_ area: Area, _ piece: Candidate, _ endOffset: UInt64) -> Bool {
    isLike(area, piece) && area.pointee.pageOffset == endOffset
  }

  @inline(__always) func pageCount(of area: Area) -> UInt64 {
    area.pointee.length.rawValue &>> pageSize.shift
  }

  /// Joins `start..<end`, which is free or a part of one area, with the neighbours it is like.
  ///
  /// The numbers are Linux's cases. `previous` is the area before `start`, or the one that `start`
  /// lies inside of. The answer covers the range and perhaps more; nil if nothing could be joined.
  mutating func merge(
    after previous: Area?, _ start: VirtualAddress, _ end: VirtualAddress, _ piece: Candidate
  ) -> Area? {
    guard piece.flags.isDisjoint(with: .special) else { return nil }
    let middle = previous == nil ? areas.first : previous?.pointee.next
    var next = middle
    if let middle, middle.pointee.end == end { next = middle.pointee.next }

    var before: Area?
    if let previous, previous.pointee.end == start, canFollow(previous, piece) { before = previous }
    var after: Area?
    let pages = (end - start).rawValue &>> pageSize.shift
    if let next, next.pointee.start == end, canPrecede(next, piece, piece.pageOffset &+ pages) {
      after = next
    }
    if let before {
      if let after,
        anonVMAsAgree(before.pointee.anonVMA, after.pointee.anonVMA, in: nil)
      {
        return joinBoth(before, middle, after) ? before : nil  // 1, 6
      }
      if let middle, middle.pointee.start < end {
        return joinPart(of: middle, to: before, end) ? before : nil  // 5, 7
      }
      setEnd(before, end)  // 2
      return before
    }
    guard let after else { return nil }
    if let previous, start < previous.pointee.end {  // 4
      guard inherit(after, from: previous) else { return nil }
      setEnd(previous, start)
    } else if let middle, middle != after {  // 8
      guard inherit(after, from: middle) else { return nil }
      drop(middle)
    }
    setStart(after, start)
    return after
  }

  /// Cases 1 and 6: the predecessor takes everything up to the successor's end.
  mutating func joinBoth(_ before: Area, _ middle: Area?, _ after: Area) -> Bool {
    let end = after.pointee.end
    if let middle, middle != after {
      guard inherit(before, from: middle.pointee.anonVMA != nil ? middle : after) else {
        return false
      }
      drop(middle)
    } else {
      guard inherit(before, from: after) else { return false }
    }
    drop(after)
    setEnd(before, end)
    return true
  }

  /// Cases 5 and 7: the predecessor takes the first part of the area behind it, or all of it.
  mutating func joinPart(of middle: Area, to before: Area, _ end: VirtualAddress) -> Bool {
    guard inherit(before, from: middle) else { return false }
    if middle.pointee.end <= end { drop(middle) } else { setStart(middle, end) }
    setEnd(before, end)
    return true
  }

  /// Links an area that nobody wrote to to the anon_vmas of the one whose pages it takes over;
  /// false without memory, and then nothing was changed yet.
  @inline(__always) func inherit(_ area: Area, from other: Area) -> Bool {
    guard other.pointee.anonymousLinks != nil, area.pointee.anonymousLinks == nil else {
      return true
    }
    return context.pointee.cloneLinks(to: area, from: other)
  }

  /// Moves an area's start, and with it the place in its object.
  @inline(__always) mutating func setStart(_ area: Area, _ start: VirtualAddress) {
    let old = area.pointee.start
    if start < old {
      area.pointee.pageOffset &-= (old - start).rawValue &>> pageSize.shift
    } else {
      area.pointee.pageOffset &+= (start - old).rawValue &>> pageSize.shift
    }
    areas.setStart(area, start)
    context.pointee.boundsChanged(area)
  }

  /// Moves an area's end.
  @inline(__always) mutating func setEnd(_ area: Area, _ end: VirtualAddress) {
    areas.setEnd(area, end)
    context.pointee.boundsChanged(area)
  }

  /// Hangs a new area in, its bounds final: into the space, and into its file's tree
  /// (`vma_link()`).
  @inline(__always) mutating func insert(_ area: Area, after previous: Area?) {
    area.pointee.spaceAddress = here?.address ?? 0
    areas.insert(area, after: previous)
    context.pointee.linkFile(area)
  }

  /// Takes an area out of the tree and gives it back.
  mutating func drop(_ area: Area) {
    areas.remove(area)
    discard(area)
  }

  /// A copy of an area, in no tree yet and without links; ENOMEM without memory.
  func duplicate(_ area: Area) throws(Errno) -> Area {
    guard let copy = context.pointee.areaCache.allocate(area.pointee) else { throw .ENOMEM }
    copy.pointee.anonymousLinks = nil
    copy.pointee.isInFileTree = false
    if let file = area.pointee.file {
      context.pointee.files.pointee.retain(file)
      if area.pointee.special == .attachment { reopenAttachment(file) }
    }
    return copy
  }

  /// Splits an area in two at an address inside it (`__split_vma()`).
  ///
  /// The area itself becomes the
  /// upper part with `newBelow`, else the lower; the answer is the other part.
  @discardableResult
  mutating func split(
    _ area: Area, at address: VirtualAddress, newBelow: Bool
  ) throws(Errno) -> Area {
    guard !area.pointee.special.isKernels else { throw .EINVAL }
    let new = try duplicate(area)
    if newBelow {
      new.pointee.end = address
    } else {
      new.pointee.start = address
      new.pointee.pageOffset &+= (address - area.pointee.start).rawValue &>> pageSize.shift
    }
    try cloneLinks(to: new, from: area)
    if newBelow {
      area.pointee.pageOffset &+= (address - area.pointee.start).rawValue &>> pageSize.shift
      area.pointee.start = address
      context.pointee.boundsChanged(area)
      insert(new, after: area.pointee.previous)
    } else {
      area.pointee.end = address
      context.pointee.boundsChanged(area)
      insert(new, after: area)
    }
    return new
  }

  /// Gives a copy, its bounds final, the links of its original; without memory the copy is gone.
  @inline(__always) func cloneLinks(to copy: Area, from area: Area) throws(Errno) {
    guard inherit(copy, from: area) else {
      discard(copy)
      throw .ENOMEM
    }
  }

  /// As `split`, but only while there may be more areas (`split_vma()`).
  @discardableResult
  mutating func splitChecked(
    _ area: Area, at address: VirtualAddress, newBelow: Bool
  ) throws(Errno) -> Area {
    guard mapCount < context.pointee.settings.maximumMapCount else { throw .ENOMEM }
    return try split(area, at: address, newBelow: newBelow)
  }
}
