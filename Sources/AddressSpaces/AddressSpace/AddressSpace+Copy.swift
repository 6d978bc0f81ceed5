import Arm64
import BoardFormat
import Files
public import MemoryTypes
import PageFrames
import Swap

/// fork: a second space with the same contents (kernel/fork.c:dup_mmap(), mm/memory.c:
/// copy_page_range()).
extension AddressSpace {
  /// Makes a copy for a child: frames are shared, and both lose the right to write what is private.
  ///
  /// Pages of files that nobody wrote to are not copied; the child faults them in. Nil without
  /// memory or promise, and then nothing is left of it.
  public mutating func copy() -> KernelPointer<AddressSpace<B>>? {
    guard let child = Self.make(in: context) else { return nil }
    inherit(by: child)
    var previous: Area?
    var area = areas.first
    var complete = true
    while let here = area, complete {
      area = here.pointee.next
      let flags = here.pointee.flags
      if flags.contains(.noCopyOnFork) {
        child.pointee.unaccount(flags, here.pointee.length.wholePages(of: pageSize))
        continue
      }
      do throws(Errno) {
        let new = try copyArea(here)
        child.pointee.insert(new, after: previous)
        previous = new
        if !flags.contains(.wipeOnFork) { complete = copyPages(of: here, to: child) }
      } catch {
        complete = false
      }
    }
    // Entries lost the right to write.
    if contextID != 0 {
      board.invalidate(.addressSpace(ASID(UInt16(truncatingIfNeeded: contextID))))
    }
    child.pointee.peakResident = child.pointee.residentPages
    child.pointee.peakTotal = child.pointee.totalPages
    if complete { return child }
    Self.release(child)
    return nil
  }

  /// What a child has from its parent besides areas.
  func inherit(by child: KernelPointer<AddressSpace<B>>) {
    child.pointee.user = user
    child.pointee.mmapBase = mmapBase
    child.pointee.isDumpable = isDumpable
    child.pointee.forbidsHugePages = forbidsHugePages
    child.pointee.isLegacyLayout = isLegacyLayout
    child.pointee.programBreak = programBreak
    child.pointee.startBreak = startBreak
    child.pointee.startCode = startCode
    child.pointee.endCode = endCode
    child.pointee.startData = startData
    child.pointee.endData = endData
    child.pointee.startStack = startStack
    child.pointee.argumentsStart = argumentsStart
    child.pointee.argumentsEnd = argumentsEnd
    child.pointee.environmentStart = environmentStart
    child.pointee.environmentEnd = environmentEnd
    child.pointee.auxiliaryVector = auxiliaryVector
    child.pointee.auxiliaryLength = auxiliaryLength
    child.pointee.vdso = vdso
    child.pointee.barriers = barriers
    child.pointee.signalPage = signalPage
    child.pointee.probeSlots = probeSlots
    child.pointee.totalPages = totalPages
    child.pointee.dataPages = dataPages
    child.pointee.executablePages = executablePages
    child.pointee.stackPages = stackPages
  }

  /// A child's area like one of ours.
  mutating func copyArea(_ area: Area) throws(Errno) -> Area {
    let flags = area.pointee.flags
    let pages = area.pointee.length.wholePages(of: pageSize)
    if flags.contains(.accounted) { try context.pointee.promise(pages, totalPages: totalPages) }
    let new: Area
    do throws(Errno) { new = try duplicate(area) } catch {
      if flags.contains(.accounted) { context.pointee.withdraw(pages) }
      throw error
    }
    new.pointee.flags.subtract([.locked, .lockOnFault])
    if !flags.contains(.wipeOnFork), !context.pointee.forkLinks(to: new, from: area) {
      discard(new)
      if flags.contains(.accounted) { context.pointee.withdraw(pages) }
      throw .ENOMEM
    }
    return new
  }

  /// Copies an area's entries; false without memory for tables.
  mutating func copyPages(of area: Area, to child: KernelPointer<AddressSpace<B>>) -> Bool {
    let flags = area.pointee.flags
    // vma_needs_copy(): what a fault finds again in its file need not be copied.
    let isFrames = !flags.isDisjoint(with: [.frameNumbers, .mixedFrames])
    guard area.pointee.anonymousLinks != nil || isFrames else { return true }
    let isPrivate = flags.intersection([.shared, .mayWrite]) == .mayWrite
    let isShared = flags.contains(.shared)
    let geometry = board.translation
    let frames = frames
    let kind = fileKind(of: area).rawValue
    let target = child.pointee.tables
    var complete = true
    var anonymous: Int64 = 0
    var file: Int64 = 0
    var swapped: Int64 = 0
    tables.forEachRun(in: area.pointee.start..<area.pointee.end) { run in
      guard complete else { return }
      // A table for a table, empty ones, too (copy_pte_range()).
      guard
        let into = target.runAllocating(
          at: run.start, end: run.address(run.count, geometry.pageSize),
          allocate: { level in child.pointee.allocateTable(level) })
      else {
        complete = false
        return
      }
      for index in 0..<run.count {
        var descriptor = run[index]
        if descriptor.isNone { continue }
        if !descriptor.isPresent {
          // copy_nonpresent_pte()
          guard let entry = descriptor.swapEntry, isCounted(entry) else {
            complete = false
            return
          }
          descriptor = descriptor.madeSwapShared
          run[index] = descriptor
          into[index] = descriptor
          swapped &+= 1
          continue
        }
        if !descriptor.isSpecial {
          let frame = frames.pointee.frame(descriptor.frame(in: geometry))
          frame.pointee.referenceCount &+= 1
          frame.pointee.mapCount &+= 1
          if frame.pointee.state == .anonymous {
            frame.pointee.flags.remove(.anonymousExclusive)
            anonymous &+= 1
          } else {
            file &+= 1
          }
        }
        if isPrivate && descriptor.isWritable {
          descriptor = descriptor.writeProtected
          run[index] = descriptor
        }
        if isShared { descriptor = descriptor.madeClean }
        into[index] = descriptor.madeOld
      }
    }
    traceEntries(
      .shared, area.pointee.start, UInt64(bitPattern: anonymous &+ file),
      child.pointee.root.rawValue)
    child.pointee.resident[PageKind.anonymous.rawValue] &+= anonymous
    child.pointee.resident[kind] &+= file
    child.pointee.resident[PageKind.swapped.rawValue] &+= swapped
    return complete
  }

  /// Whether one more place could be noted that names a slot.
  private func isCounted(_ entry: SwapEntry) -> Bool {
    do throws(Errno) {
      try context.pointee.swap.pointee.duplicate(entry)
      return true
    } catch {
      return false
    }
  }
}
