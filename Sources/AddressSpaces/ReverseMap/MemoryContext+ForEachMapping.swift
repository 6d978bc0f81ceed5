public import Arm64
import Files
public import MemoryTypes
import PageFrames

/// One page-table entry that maps a frame.
@safe public struct Mapping<B: Board>: BitwiseCopyable {
  public let space: KernelPointer<AddressSpace<B>>
  public let area: KernelPointer<VirtualMemoryArea>
  public let address: VirtualAddress
  /// The entry, which is present; it may be changed, and the TLB told then.
  public let slot: KernelPointer<Descriptor>
}

extension MemoryContext {
  /// Visits every entry that maps a frame (mm/rmap.c:rmap_walk(), page_vma_mapped_walk()).
  ///
  /// `body` may change the entry and the frame, but no area. Frames that are neither anonymous nor
  /// a file's (the vdso's) have no way back.
  @inline(__always)
  public func forEachMapping(
    of number: PageFrameNumber, _ body: (Mapping<B>) -> Void
  ) {
    let frame = frames.pointee.frame(number)
    guard frame.pointee.mapCount > 0 else { return }
    let index = frame.pointee.index
    switch frame.pointee.state {
    case .anonymous:
      // SAFETY: the frame is mapped, so the anon_vma that its owner wrote there lives.
      let anonVMA = unsafe KernelPointer(
        UnsafeMutablePointer<AnonVMA>(bitPattern: UInt(frame.pointee.mapping)).unsafelyUnwrapped)
      let tree = IntervalTree(root: anonVMA.pointee.areas, shift: board.pageSize.shift)
      tree.forEach(overlapping: index...index) { link in
        visit(link.pointee.area, index, number, body)
      }
    case .pageCache:
      guard frame.pointee.mapping != 0 else { return }
      // SAFETY: a frame of the page cache has its inode's address, and the cache holds the frame.
      let inode = unsafe KernelPointer(
        UnsafeMutablePointer<Inode>(bitPattern: UInt(frame.pointee.mapping)).unsafelyUnwrapped)
      mappings(of: inode).forEach(overlapping: index...index) { area in
        visit(area, index, number, body)
      }
    default: return
    }
  }

  /// Visits an area's entry for an index of its object, if it maps the frame.
  @inline(__always)
  func visit(
    _ area: Area, _ index: UInt64, _ number: PageFrameNumber, _ body: (Mapping<B>) -> Void
  ) {
    let offset = (index &- area.pointee.pageOffset) &<< board.pageSize.shift
    let address = area.pointee.start + ByteCount(offset)
    let space = space(of: area)
    guard let slot = space.pointee.tables.entry(for: address), slot.pointee.isPresent,
      !slot.pointee.isSpecial, slot.pointee.frame(in: board.translation) == number
    else { return }
    body(Mapping(space: space, area: area, address: address, slot: slot))
  }
}
