import KernelHeap
public import MemoryTypes
import PageFrames

/// Room in files, made and taken back (mm/shmem.c: shmem_fallocate()).
extension FileSystem {
  /// Makes sure that the pages of a range are there.
  ///
  /// They read as zeros, and are no data for SEEK_DATA until they are written to. All or none: what
  /// was made for nothing goes again. A file on a disk has no pages that are not read or written;
  /// it only grows.
  ///
  /// Where memory is short `makeRoom` is asked whether it is worth going on; it may let other tasks
  /// run.
  public func allocate(
    _ inode: KernelPointer<Inode>, from start: UInt64, to end: UInt64, keepsSize: Bool,
    makeRoom: () -> Bool = { false }
  ) throws(Errno) {
    let growsTo = keepsSize ? 0 : end
    guard inode.pointee.isSharedMemory else {
      if growsTo > inode.pointee.size { try setSize(of: inode, to: growsTo) }
      return
    }
    // Of the seals only the one against growing is asked here.
    if inode.pointee.seals.contains(.grow), end > inode.pointee.size { throw .EPERM }
    let first = start &>> pageSize.shift
    let last = ByteCount(end).pagesNeeded(of: pageSize).rawValue
    let limit = state.pointee.mounts[Int(inode.pointee.mount.rawValue)].pageLimit
    guard limit == 0 || last &- first <= limit else { throw .ENOSPC }
    // Bounded by RAM: each turn needs a page more.
    var index = first
    do throws(Errno) {
      while index < last {
        if let frame = trees.find(index, in: inode.pointee.pages) {
          // Also a hole that was read must not be dropped as one any more.
          if isData(frame) { frames.pointee.setDirty(frame, counted: false) }
        } else {
          do throws(Errno) {
            if try swappedPage(of: inode, at: index) == nil {
              let frame = try addZeroPage(at: index, of: inode)
              frames.pointee.frame(frame).pointee.flags.remove(.uptodate)
            }
          } catch {
            guard error == .ENOMEM, makeRoom() else { throw error }
            continue
          }
          if frames.pointee.shortage != nil { _ = makeRoom() }
        }
        index &+= 1
      }
    } catch {
      takeBack(first..<index, of: inode)
      throw error
    }
    inode.pointee.size = max(inode.pointee.size, growsTo)
    noteAllocation(inode)
  }

  /// Takes the pages of a range that hold no data out of a file (shmem_undo_range()).
  private func takeBack(_ range: Range<UInt64>, of inode: KernelPointer<Inode>) {
    for index in range {
      if let frame = trees.find(index, in: inode.pointee.pages), !isData(frame) {
        dropPages(from: index, to: index &+ 1, of: inode)
      }
    }
  }

  /// Whether a page of a file in memory holds anything: it was read as a hole or written to, not
  /// only made room for (`PG_uptodate`).
  ///
  /// A mapped one may have been written to unseen.
  func isData(_ number: PageFrameNumber) -> Bool {
    let frame = frames.pointee.frame(number)
    return !frame.pointee.flags.isDisjoint(with: [.uptodate, .dirty])
      || frame.pointee.mapCount > 0
  }

  /// Makes a hole, to the byte; `unmap` takes whole pages of it out of every program's tables
  /// first (FALLOC_FL_PUNCH_HOLE).
  public func punchHole(
    in inode: KernelPointer<Inode>, fromByte start: UInt64, toByte end: UInt64,
    unmap: (ClosedRange<UInt64>) -> Void
  ) throws(Errno) {
    guard inode.pointee.isSharedMemory else { throw .EOPNOTSUPP }
    guard inode.pointee.seals.isDisjoint(with: .anyWrite) else { throw .EPERM }
    let page = pageSize.bytes.rawValue
    let first = ByteCount(start).pagesNeeded(of: pageSize).rawValue
    let last = end &>> pageSize.shift
    // The pages that are cut have to be there: asked for before anything is changed.
    if start & pageSize.offsetMask != 0 { try bringForCut(start, of: inode) }
    if end & pageSize.offsetMask != 0 { try bringForCut(end, of: inode) }
    if first < last {
      unmap(first...(last &- 1))
      dropPages(from: first, to: last, of: inode)
    }
    if first > last {
      clear(inode, start, end &- start)
    } else {
      if start & pageSize.offsetMask != 0 {
        clear(inode, start, page &- start & pageSize.offsetMask)
      }
      if end & pageSize.offsetMask != 0 {
        clear(inode, end & ~pageSize.offsetMask, end & pageSize.offsetMask)
      }
    }
    noteAllocation(inode)
  }

  /// file_modified().
  private func noteAllocation(_ inode: KernelPointer<Inode>) {
    noteWrite(to: inode)
    inode.pointee.isChanged = true
    dropSetIDs(of: inode)
  }
}
