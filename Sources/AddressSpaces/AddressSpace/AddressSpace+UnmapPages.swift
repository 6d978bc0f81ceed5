import Arm64
import BoardFormat
import Files
import MemoryTypes
import PageFrames
import Swap

/// Taking pages out of the tables (mm/memory.c:unmap_vmas(), zap_pte_range()).
extension AddressSpace {
  /// Unmaps the pages of `start..<end`, part of an area.
  ///
  /// Frames go into the gather, which is
  /// flushed for `flushStart..<flushEnd`, at least the same range, by whoever calls, and here when
  /// it is full. Without `copies` anonymous pages stay (`should_zap_page()`).
  mutating func unmapPages(
    of area: Area, _ start: VirtualAddress, _ end: VirtualAddress, _ flushStart: VirtualAddress,
    _ flushEnd: VirtualAddress, copies: Bool = true
  ) {
    var unmapped = UnmappedPages()
    var anyTable = false
    let geometry = board.translation
    let frames = frames
    let gatherAt = context
    let isLocked = area.pointee.flags.contains(.locked)
    let countsDirty = countsDirty(area)
    let notesUse = !area.pointee.flags.contains(.sequentialRead)
    frames.pointee.drainLRU()
    tables.forEachRun(in: start..<end) { run in
      anyTable = true
      for index in 0..<run.count {
        let descriptor = run[index]
        if descriptor.isNone { continue }
        if descriptor.isSpecial {
          run[index] = .none
          gatherAt.pointee.gather.hasUnmapped = true
          continue
        }
        if !descriptor.isPresent {
          // A private page in a slot (free_swap_and_cache()).
          if copies, let entry = descriptor.swapEntry {
            run[index] = .none
            unmapped.swapped &+= 1
            gatherAt.pointee.swap.pointee.freeAndCache(entry)
          }
          continue
        }
        let number = descriptor.frame(in: geometry)
        let frame = frames.pointee.frame(number)
        if !copies && frame.pointee.state == .anonymous { continue }
        run[index] = .none
        gatherAt.pointee.gather.hasUnmapped = true
        let mapCount = frame.pointee.mapCount &- 1
        frame.pointee.mapCount = mapCount
        if frame.pointee.state == .anonymous {
          unmapped.anonymous &+= 1
          if mapCount == 0 {
            unmapped.lastAnonymous &+= 1
            frames.pointee.countGroup(.nr_anon_pages, frame, by: -1)
          }
        } else {
          unmapped.file &+= 1
          if mapCount == 0 {
            unmapped.lastFile &+= 1
            frames.pointee.countGroup(.nr_mapped, frame, by: -1)
          }
          // What the table knew is the file's to remember (set_page_dirty(), mark_page_accessed()).
          if descriptor.isDirty { frames.pointee.setDirty(number, counted: countsDirty) }
          if descriptor.isYoung && notesUse { frames.pointee.markAccessed(number) }
        }
        if isLocked { frames.pointee.unlock(number) }
        gather(number, flushStart, flushEnd)
      }
    }
    guard anyTable else { return }
    traceEntries(.cleared, start, UInt64(bitPattern: unmapped.anonymous &+ unmapped.file))
    subtractResident(unmapped, fileKind(of: area))
    if unmapped.lastAnonymous != 0 {
      frames.pointee.countEach(.nr_anon_pages, by: 0 &- Int(unmapped.lastAnonymous))
    }
    if unmapped.lastFile != 0 {
      frames.pointee.countEach(.nr_mapped, by: 0 &- Int(unmapped.lastFile))
    }
  }

  /// What pages of an area's file count as (`mm_counter_file()`).
  @inline(__always) func fileKind(of area: Area) -> PageKind {
    guard let file = area.pointee.file else { return .file }
    return file.pointee.inode.pointee.isSharedMemory ? .shared : .file
  }
}
