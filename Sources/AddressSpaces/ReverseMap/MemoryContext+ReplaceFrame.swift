import Arm64
public import MemoryTypes
import PageFrames

/// Moving all mappings of a frame to another (mm/migrate.c: try_to_migrate(),
/// remove_migration_ptes()).
extension MemoryContext {
  /// Lets every entry that maps a frame map another, with the same rights and the same state;
  /// references and mapCount go along.
  ///
  /// The bytes have been copied. No program runs meanwhile, so no entry has to say in between that
  /// its page is on the move.
  public func replaceFrame(_ old: PageFrameNumber, with new: PageFrameNumber) {
    let source = frames.pointee.frame(old)
    let target = frames.pointee.frame(new)
    let geometry = board.translation
    var moved: Int32 = 0
    forEachMapping(of: old) { mapping in
      let before = mapping.slot.pointee
      // Break before make: the entry changes where it leads to.
      mapping.slot.pointee = .none
      mapping.space.pointee.invalidatePage(mapping.address)
      mapping.slot.pointee = Descriptor(page: new, before.attributes(in: geometry), in: geometry)
      moved &+= 1
    }
    precondition(moved == source.pointee.mapCount)
    source.pointee.mapCount = 0
    source.pointee.referenceCount &-= moved
    target.pointee.mapCount = moved
    target.pointee.referenceCount &+= moved
    if moved > 0 { board.publishDescriptors() }
  }
}
