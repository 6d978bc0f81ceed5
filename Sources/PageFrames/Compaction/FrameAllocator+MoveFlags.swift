import Arm64
public import MemoryTypes

extension FrameAllocator {
  /// Gives a frame all that another says of its contents, which then says nothing any more
  /// (mm/migrate.c:folio_migrate_flags()); counters of zones go along.
  public mutating func moveFlags(from old: PageFrameNumber, to new: PageFrameNumber) {
    let source = frames[old]
    let target = frames[new]
    let flags = source.pointee.flags
    target.pointee.flags = flags
    target.pointee.lockCount = source.pointee.lockCount
    source.pointee.flags = []
    source.pointee.lockCount = 0
    guard zone(of: old) != zone(of: new) else { return }
    if flags.contains(.mlocked) {
      zone(of: old).pointee.countEach(.nr_mlock, by: -1)
      zone(of: new).pointee.countEach(.nr_mlock, by: 1)
    }
  }
}
