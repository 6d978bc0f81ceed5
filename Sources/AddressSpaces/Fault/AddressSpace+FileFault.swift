import Arm64
import BoardFormat
import Files
import MemoryTypes
import PageFrames

/// Faults on files (mm/memory.c:do_read_fault(), do_cow_fault(), do_shared_fault()).
extension AddressSpace {
  @inline(never)
  mutating func fileFault(
    _ area: Area, _ page: VirtualAddress, _ slot: KernelPointer<Descriptor>, write: Bool,
    _ isMajor: inout Bool
  ) -> FaultOutcome {
    guard let file = area.pointee.file else { return .beyondObject }
    let inode = file.pointee.inode
    let files = context.pointee.files
    let index = area.pointee.pageOffset &+ (page - area.pointee.start).rawValue &>> pageSize.shift
    if !write, mapAround(area, page, index, inode) {
      context.pointee.statistics.pointee.fileFaults &+= 1
      return .resolved
    }
    // The area is ready for copies before there is one to make (do_cow_fault()): one that then
    // cannot be made shows in what the area joins with.
    let isPrivateWrite = write && !area.pointee.flags.contains(.shared)
    guard !isPrivateWrite || prepareAnonymous(area) else { return .outOfMemory }
    guard index < files.pointee.pageCount(of: inode) else { return .beyondObject }
    var copy: PageFrameNumber?
    if isPrivateWrite {
      guard let frame = newPage(.highUserMovable) else {
        return .outOfMemory
      }
      copy = frame
    }
    let cached: CachedPage
    do throws(Errno) {
      cached = try files.pointee.page(of: inode, at: index)
    } catch {
      if let copy { frames.pointee.free(copy) }
      return error == .ENOMEM ? .outOfMemory : .beyondObject
    }
    isMajor = cached.wasReadIn
    context.pointee.statistics.pointee.fileFaults &+= 1
    if let copy {
      board.copyPage(
        from: cached.frame.address(pageSize), to: copy.address(pageSize), pageSize)
      own(copy, area, page)
      addResident(.anonymous, 1)
      installWritable(copy, area, slot)
      context.pointee.statistics.pointee.copyOnWriteFaults &+= 1
      return .resolved
    }
    var descriptor = Descriptor(page: cached.frame, area.pointee.protection, in: board.translation)
    if write {
      descriptor = descriptor.madeDirty
      if area.pointee.flags.contains(.write) { descriptor = descriptor.madeWritable }
      noteSharedWrite(cached.frame, area)
    }
    mapShared(cached.frame, in: area)
    addResident(fileKind(of: area), 1)
    install(descriptor, at: slot)
    return .resolved
  }

  /// A program is about to write to a page of a file that it maps shared (mm/memory.c:
  /// fault_dirty_shared_page()).
  @inline(__always) func noteSharedWrite(_ number: PageFrameNumber, _ area: Area) {
    frames.pointee.setDirty(number, counted: countsDirty(area))
    if let file = area.pointee.file {
      context.pointee.files.pointee.noteWrite(to: file.pointee.inode)
    }
  }

  /// Whether dirty pages of an area's file are counted, because they are written back one day.
  @inline(__always) func countsDirty(_ area: Area) -> Bool { fileKind(of: area) == .file }

  /// One more entry for a page that is not ours (`page_add_file_rmap()`).
  @inline(__always) func mapShared(_ number: PageFrameNumber, in area: Area) {
    let frame = frames.pointee.frame(number)
    frame.pointee.referenceCount &+= 1
    let mapCount = frame.pointee.mapCount
    frame.pointee.mapCount = mapCount &+ 1
    if mapCount == 0 {
      frames.pointee.count(.nr_mapped, by: 1)
      frames.pointee.countGroup(.nr_mapped, frame, by: 1)
    }
    if area.pointee.flags.isDisjoint(with: .special), area.pointee.flags.contains(.locked) {
      frames.pointee.lock(number)
    }
  }

  /// Maps the cached pages in the window around a read (`do_fault_around()`,
  /// mm/filemap.c:filemap_map_pages()); whether the page itself was among them.
  ///
  /// The window begins where it is aligned to its size, or where the area begins, and ends at the
  /// last-level table, the area and the file.
  mutating func mapAround(
    _ area: Area, _ page: VirtualAddress, _ index: UInt64, _ inode: KernelPointer<Inode>
  ) -> Bool {
    let window = context.pointee.settings.faultAround
    guard window > pageSize.bytes else { return false }
    let start = max(page.alignedDown(to: window), area.pointee.start)
    let table = boundary(above: page, board.translation.coverage(at: 2))
    let end = min(min(start + window, area.pointee.end), table)
    guard let run = tables.run(at: start, end: end) else { return false }
    let first = index &- (page - start).rawValue &>> pageSize.shift
    let files = context.pointee.files
    let limit = min(
      first &+ UInt64(truncatingIfNeeded: run.count), files.pointee.pageCount(of: inode))
    guard first < limit else { return false }
    // Pages that nobody asked for yet are old, where the CPU notices their first use by itself
    // (arch_wants_old_prefaulted_pte()).
    let asked = area.pointee.protection
    let around = board.hasHardwareAccessAndDirty ? asked.subtracting(.accessed) : asked
    let geometry = board.translation
    var found = false
    var mapped: Int64 = 0
    files.pointee.forEachCachedPage(of: inode, in: first..<limit) { at, frame in
      let place = Int(truncatingIfNeeded: at &- first)
      guard run[place].isNone else { return }
      if at == index { found = true }
      mapShared(frame, in: area)
      mapped &+= 1
      install(
        Descriptor(page: frame, at == index ? asked : around, in: geometry), at: run.slot(place))
    }
    if mapped != 0 { addResident(fileKind(of: area), mapped) }
    traceEntries(.mappedAround, run.start, UInt64(bitPattern: mapped))
    return found
  }

  /// `[vvar]` and `[vdso]` (mm/mmap.c:special_mapping_fault(), arch/arm64/kernel/vdso.c).
  @inline(never)
  mutating func specialFault(
    _ area: Area, _ page: VirtualAddress, _ slot: KernelPointer<Descriptor>
  ) -> FaultOutcome {
    let index = area.pointee.pageOffset &+ (page - area.pointee.start).rawValue &>> pageSize.shift
    let attributes = area.pointee.protection
    let frames = context.pointee.specialFrames[Int(area.pointee.special.rawValue)]
    guard index < frames.count.rawValue else { return .beyondObject }
    switch area.pointee.special {
    case .vvar:
      // The second page is for time namespaces, which there are none of.
      guard index == 0 else { return .beyondObject }
      slot.pointee = Descriptor(page: frames.first, attributes, in: board.translation).madeSpecial
    case .vdso, .vdso32, .vectors, .signalPage:
      let frame = frames.first + PageCount(index)
      mapShared(frame, in: area)
      addResident(.file, 1)
      install(Descriptor(page: frame, attributes, in: board.translation), at: slot)
    case .none, .attachment:
      return .beyondObject
    }
    context.pointee.statistics.pointee.fileFaults &+= 1
    return .resolved
  }
}
