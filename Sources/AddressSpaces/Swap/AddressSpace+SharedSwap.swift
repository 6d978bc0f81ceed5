import Arm64
import Files
import MemoryTypes
import PageFrames
import Swap

/// Areas of files in memory, and what of these is in slots.
extension AddressSpace {
  /// What smaps counts as swapped of an area of a file in memory: where nobody but the file has
  /// private copies, all that the file has in slots there; else what the area's own tables have
  /// nothing for (fs/proc/task_mmu.c: smap_gather_stats(), smaps_pte_hole()).
  func swappedShared(_ area: Area) -> ByteCount {
    guard let file = area.pointee.file, !area.pointee.isAnonymous,
      file.pointee.inode.pointee.isSharedMemory, file.pointee.inode.pointee.swapped > 0
    else { return .zero }
    let inode = file.pointee.inode
    let files = context.pointee.files
    let first = area.pointee.pageOffset
    let count = area.pointee.length.rawValue &>> pageSize.shift
    var pages = files.pointee.swappedPages(of: inode, in: first..<first &+ count)
    guard pages > 0, !area.pointee.flags.contains(.shared), area.pointee.flags.contains(.write)
    else {
      return PageCount(pages).bytes(of: pageSize)
    }
    tables.forEachRun(in: area.pointee.start..<area.pointee.end) { run in
      for index in 0..<run.count where !run[index].isNone {
        let at =
          first &+ (run.address(index, pageSize) - area.pointee.start).rawValue &>> pageSize.shift
        pages &-= files.pointee.swappedPages(of: inode, in: at..<at &+ 1)
      }
    }
    return PageCount(pages).bytes(of: pageSize)
  }

  /// Reads what a range of an area has in slots into the swap cache, where a fault finds it
  /// (mm/madvise.c:madvise_willneed()).
  func readAheadSwapped(_ area: Area, _ start: VirtualAddress, _ end: VirtualAddress) {
    let swap = context.pointee.swap
    if let file = area.pointee.file {
      guard file.pointee.inode.pointee.isSharedMemory else { return }
      let first =
        area.pointee.pageOffset &+ (start - area.pointee.start).rawValue &>> pageSize.shift
      let count = (end - start).rawValue &>> pageSize.shift
      context.pointee.files.pointee.readAheadSwapped(
        file.pointee.inode, first..<first &+ count)
      return
    }
    guard resident[PageKind.swapped.rawValue] != 0 || context.pointee.current.pointee.space == here
    else { return }
    tables.forEachRun(in: start..<end) { run in
      for index in 0..<run.count {
        if let entry = run[index].swapEntry { _ = swap.pointee.bring(entry) }
      }
    }
    frames.pointee.drainLRU()
  }
}
