import Arm64
import KernelHeap
public import MemoryTypes
import PageFrames

extension FileSystem {
  /// Puts another frame where a file's page stands, with the cache's reference
  /// (mm/migrate.c:folio_migrate_mapping()).
  public func replaceCached(_ old: PageFrameNumber, with new: PageFrameNumber) {
    let source = frames.pointee.frame(old)
    // SAFETY: a frame of the page cache that has not been dropped has its inode's address.
    let inode = unsafe KernelPointer(
      UnsafeMutablePointer<Inode>(bitPattern: UInt(source.pointee.mapping)).unsafelyUnwrapped)
    // Something stands there, so that no node is needed.
    _ = try? trees.store(.frame(new), at: source.pointee.index, in: &inode.pointee.pages)
    source.pointee.referenceCount &-= 1
    frames.pointee.frame(new).pointee.referenceCount &+= 1
  }
}
