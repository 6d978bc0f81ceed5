import Arm64
import BoardFormat
import Files
public import MemoryTypes
import PageFrames

/// mprotect (mm/mprotect.c:do_mprotect_pkey(), mprotect_fixup(), change_pte_range()).
extension AddressSpace {
  /// Changes what may be done with a range.
  ///
  /// Areas before an error keep the new protection.
  public mutating func protect(
    _ start: VirtualAddress, _ length: ByteCount, _ protection: Protection
  ) throws(Errno) {
    var start = untagged(start)
    let growsDown = protection.contains(.growsDown)
    let growsUp = protection.contains(.growsUp)
    guard !(growsDown && growsUp), start.isAligned(to: pageSize) else { throw .EINVAL }
    guard length.rawValue != 0 else { return }
    let rounded = length.alignedUp(to: pageSize)
    let end = start + rounded
    guard end > start else { throw .ENOMEM }
    let known = Protection(rawValue: protection.rawValue & ~0x0300_0000)
    // PROT_SEM is accepted, BTI and MTE are hidden (arch_validate_prot()).
    guard known.rawValue & ~0xF == 0 else { throw .EINVAL }

    guard var area = areas.area(endingAbove: start) else { throw .ENOMEM }
    if growsDown {
      guard area.pointee.start < end else { throw .ENOMEM }
      start = area.pointee.start
      guard area.pointee.flags.contains(.growsDown) else { throw .EINVAL }
    } else {
      guard area.pointee.start <= start else { throw .ENOMEM }
      guard !growsUp else { throw .EINVAL }
    }
    var previous = start > area.pointee.start ? area : area.pointee.previous
    var at = start
    while true {
      let flags = area.pointee.flags.subtracting(.access).union(known.areaFlags)
      let may = AreaFlags(rawValue: flags.rawValue &>> 4)
      guard flags.intersection(.access).isSubset(of: may) else { throw .EACCES }
      let limit = min(area.pointee.end, end)
      let changed = try protect(area, after: previous, at, limit, flags)
      previous = changed
      at = max(limit, changed.pointee.end)
      if at >= end { return }
      guard let next = changed.pointee.next, next.pointee.start == at else { throw .ENOMEM }
      area = next
    }
  }

  /// Gives a part of an area new flags; the area that has it then (`mprotect_fixup()`).
  mutating func protect(
    _ area: Area, after previous: Area?, _ start: VirtualAddress, _ end: VirtualAddress,
    _ wanted: AreaFlags
  ) throws(Errno) -> Area {
    let old = area.pointee.flags
    guard wanted != old else { return area }
    var flags = wanted
    let pages = (end - start).wholePages(of: pageSize)
    var promised = PageCount(0)
    if flags.contains(.write) {
      if !mayExpand(flags, by: pages) && mayExpand(old, by: pages) { throw .ENOMEM }
      // A private mapping that becomes writable is promised; it is not taken back later.
      if old.isDisjoint(with: [.accounted, .write, .shared, .noReserve]) {
        try context.pointee.promise(pages, totalPages: totalPages)
        promised = pages
        flags.insert(.accounted)
      }
    }
    let target: Area
    do throws(Errno) {
      target = try isolate(area, after: previous, start, end, flags)
    } catch {
      context.pointee.withdraw(promised)
      throw error
    }
    target.pointee.flags = flags
    areas.note(start, end)
    target.pointee.protection = attributes(of: target.pointee)
    changeProtection(of: target, start, end)
    if old.intersection([.write, .shared, .locked]) == .locked, flags.contains(.write) {
      populate(start, end)
    }
    unaccount(old, pages)
    account(flags, pages)
    return target
  }

  /// The area that covers a range which is about to get other flags: joined with its neighbours if
  /// they have them already, or split off.
  ///
  /// Its flags, or its policy, are still to be set.
  mutating func isolate(
    _ area: Area, after previous: Area?, _ start: VirtualAddress, _ end: VirtualAddress,
    _ flags: AreaFlags, policy: PolicyNumber? = nil
  ) throws(Errno) -> Area {
    let offset = (start - area.pointee.start).rawValue &>> pageSize.shift
    let piece = Candidate(
      flags: flags, anonVMA: area.pointee.anonVMA, file: area.pointee.file,
      pageOffset: area.pointee.pageOffset &+ offset, policy: policy ?? area.pointee.policy)
    if area.pointee.special == .none, let joined = merge(after: previous, start, end, piece) {
      return joined
    }
    if start != area.pointee.start { try splitChecked(area, at: start, newBelow: true) }
    if end != area.pointee.end { try splitChecked(area, at: end, newBelow: false) }
    return area
  }

  /// Brings the present pages of a range into line with their area (`change_protection()`).
  mutating func changeProtection(of area: Area, _ start: VirtualAddress, _ end: VirtualAddress) {
    let attributes = area.pointee.protection
    let flags = area.pointee.flags
    let geometry = board.translation
    let frames = frames
    let isShared = flags.contains(.shared)
    let mayWrite =
      flags.contains(.write) && (!isShared || !attributes.contains(.writable))
    let mayExecute = flags.contains(.execute)
    let board = board
    var changed: UInt64 = 0
    tables.forEachRun(in: start..<end) { run in
      for index in 0..<run.count {
        let old = run[index]
        guard old.isPresent else { continue }
        var new = old.modified(to: attributes)
        // A dirty page that is ours alone need not fault again (can_change_pte_writable()).
        if mayWrite, !new.isWritable, !new.isProtNone, new.isDirty,
          isShared
            || !new.isSpecial
              && frames.pointee.frame(new.frame(in: geometry)).pointee.flags.contains(
                .anonymousExclusive)
        {
          new = new.madeWritable
        }
        guard new != old else { continue }
        if mayExecute, !old.isUserExecutable, !new.isSpecial {
          synchronizeInstructions(new.frame(in: geometry), board)
        }
        run[index] = new
        changed &+= 1
      }
    }
    traceEntries(.protected, start, changed)
    if changed != 0 { invalidate(start, end, tables: false) }
  }

  /// Makes a frame's bytes visible to instruction fetch, once
  /// (arch/arm64/mm/flush.c:__sync_icache_dcache()).
  @inline(__always)
  func synchronizeInstructions(_ number: PageFrameNumber, _ board: B) {
    let frame = frames.pointee.frame(number)
    if frame.pointee.flags.contains(.instructionsSynchronized) { return }
    board.synchronizeInstructions(at: number.address(board.pageSize), board.pageSize.bytes)
    frame.pointee.flags.insert(.instructionsSynchronized)
  }
}

extension Frame.Flags {
  /// Instruction fetch sees what the data side wrote (Linux: PG_dcache_clean, PG_arch_1).
  static var instructionsSynchronized: Self { .owner1 }
}
