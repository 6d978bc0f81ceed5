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
    var anonymousID: UInt64
    var file: KernelPointer<OpenFile>?
    var pageOffset: UInt64
  }

  /// Whether two pieces of anonymous memory may become one (`is_mergeable_anon_vma()`): at most
  /// one of them was written to, and not before a fork; or both are of one identity.
  @inline(__always)
  func identitiesAgree(_ a: UInt64, _ b: UInt64, in area: Area?) -> Bool {
    if a == 0 || b == 0 {
      guard let area else { return true }
      if area.pointee.anonymousChain == 1 { return true }
    }
    return a == b
  }

  @inline(__always) func isLike(_ area: Area, _ piece: Candidate) -> Bool {
    area.pointee.flags == piece.flags && area.pointee.file == piece.file
      && area.pointee.special == .none
      && identitiesAgree(piece.anonymousID, area.pointee.anonymousID, in: area)
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
        identitiesAgree(before.pointee.anonymousID, after.pointee.anonymousID, in: nil)
      {
        joinBoth(before, middle, after)  // 1, 6
      } else if let middle, middle.pointee.start < end {
        joinPart(of: middle, to: before, end)  // 5, 7
      } else {
        areas.setEnd(before, end)  // 2
      }
      return before
    }
    guard let after else { return nil }
    if let previous, start < previous.pointee.end {  // 4
      inherit(after, from: previous)
      areas.setEnd(previous, start)
    } else if let middle, middle != after {  // 8
      inherit(after, from: middle)
      drop(middle)
    }
    let grown = after.pointee.start - start
    after.pointee.pageOffset &-= grown.rawValue &>> pageSize.shift
    areas.setStart(after, start)
    return after
  }

  /// Cases 1 and 6: the predecessor takes everything up to the successor's end.
  mutating func joinBoth(_ before: Area, _ middle: Area?, _ after: Area) {
    let end = after.pointee.end
    if let middle, middle != after {
      inherit(before, from: middle.pointee.anonymousID != 0 ? middle : after)
      drop(middle)
    } else {
      inherit(before, from: after)
    }
    drop(after)
    areas.setEnd(before, end)
  }

  /// Cases 5 and 7: the predecessor takes the first part of the area behind it, or all of it.
  mutating func joinPart(of middle: Area, to before: Area, _ end: VirtualAddress) {
    inherit(before, from: middle)
    if middle.pointee.end <= end {
      drop(middle)
    } else {
      let taken = end - middle.pointee.start
      middle.pointee.pageOffset &+= taken.rawValue &>> pageSize.shift
      areas.setStart(middle, end)
    }
    areas.setEnd(before, end)
  }

  /// Gives an area that nobody wrote to the identity of the one whose pages it takes over.
  @inline(__always) func inherit(_ area: Area, from other: Area) {
    guard other.pointee.anonymousID != 0, area.pointee.anonymousID == 0 else { return }
    area.pointee.anonymousID = other.pointee.anonymousID
    area.pointee.anonymousChain = other.pointee.anonymousChain
  }

  /// Takes an area out of the tree and gives it back.
  mutating func drop(_ area: Area) {
    areas.remove(area)
    discard(area)
  }

  /// A copy of an area, not in the tree yet; ENOMEM without memory.
  func duplicate(_ area: Area) throws(Errno) -> Area {
    guard let copy = context.pointee.areaCache.allocate(area.pointee) else { throw .ENOMEM }
    if let file = area.pointee.file { context.pointee.files.pointee.retain(file) }
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
    guard area.pointee.special == .none else { throw .EINVAL }
    let new = try duplicate(area)
    let below = (address - area.pointee.start).rawValue &>> pageSize.shift
    if newBelow {
      new.pointee.end = address
      area.pointee.start = address
      area.pointee.pageOffset &+= below
      areas.insert(new, after: area.pointee.previous)
    } else {
      new.pointee.start = address
      new.pointee.pageOffset &+= below
      area.pointee.end = address
      areas.insert(new, after: area)
    }
    return new
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
