import Arm64
import BoardFormat
import Files
import MemoryTypes
import PageFrames
import Swap

/// A write to a page that is mapped and may not be written (mm/memory.c:do_wp_page()).
extension AddressSpace {
  @inline(never)
  mutating func writeProtected(
    _ area: Area, _ page: VirtualAddress, _ slot: KernelPointer<Descriptor>, _ old: Descriptor
  ) -> FaultOutcome {
    guard !old.isSpecial else { return copyZeroPage(area, page, slot) }
    let number = old.frame(in: board.translation)
    let frame = frames.pointee.frame(number)
    if frame.pointee.state == .anonymous {
      if isOurs(frame) {
        frame.pointee.flags.insert(.anonymousExclusive)
        // Born again here, so that a walk meets nobody who cannot have it (page_move_anon_rmap()).
        frame.pointee.mapping = anonymousMapping(of: area)
        return reuse(area, page, slot, old)
      }
    } else if area.pointee.flags.contains([.shared, .write]) {
      noteSharedWrite(number, area)
      return reuse(area, page, slot, old)
    }
    guard prepareAnonymous(area), let copy = newPage(.highUserMovable) else {
      return .outOfMemory
    }
    board.copyPage(from: number.address(pageSize), to: copy.address(pageSize), pageSize)
    // Unmapped and forgotten before the other is there (`ptep_clear_flush()`).
    slot.pointee = .none
    invalidatePage(page)
    if area.pointee.flags.contains(.locked) { frames.pointee.unlock(number) }
    let mapCount = frame.pointee.mapCount &- 1
    frame.pointee.mapCount = mapCount
    if frame.pointee.state == .anonymous {
      if mapCount == 0 {
        frames.pointee.count(.nr_anon_pages, by: -1)
        frames.pointee.countGroup(.nr_anon_pages, frame, by: -1)
      }
    } else {
      if mapCount == 0 {
        frames.pointee.count(.nr_mapped, by: -1)
        frames.pointee.countGroup(.nr_mapped, frame, by: -1)
      }
      addResident(fileKind(of: area), -1)
      addResident(.anonymous, 1)
    }
    own(copy, area, page)
    installWritable(copy, area, slot)
    frames.pointee.release(number)
    context.pointee.statistics.pointee.copyOnWriteFaults &+= 1
    return .resolved
  }

  /// Whether nobody else has an anonymous page: known since it was born or last found so, or by its
  /// references, those of batches given back first.
  @inline(__always) func isOurs(_ frame: KernelPointer<Frame>) -> Bool {
    if frame.pointee.flags.contains(.anonymousExclusive) { return true }
    if frame.pointee.referenceCount > 3 { return false }
    if !frame.pointee.flags.contains(.lru) { frames.pointee.drainLRU() }
    if frame.pointee.flags.contains(.swapCache) { return isOursAlone(frame) }
    return frame.pointee.referenceCount == 1
  }

  /// The same of one that the swap cache has, too: it leaves it if nothing else names its slot.
  @inline(never) private func isOursAlone(_ frame: KernelPointer<Frame>) -> Bool {
    context.pointee.swap.pointee.settle()
    guard frame.pointee.referenceCount == 2 else { return false }
    return context.pointee.swap.pointee.freeCached(frames.pointee.number(of: frame))
  }

  /// The zero page gives way to a frame of zeros.
  @inline(__always)
  mutating func copyZeroPage(
    _ area: Area, _ page: VirtualAddress, _ slot: KernelPointer<Descriptor>
  ) -> FaultOutcome {
    guard prepareAnonymous(area),
      let copy = newPage([.highUserMovable, .compound, .zero])
    else { return .outOfMemory }
    slot.pointee = .none
    invalidatePage(page)
    own(copy, area, page)
    addResident(.anonymous, 1)
    installWritable(copy, area, slot)
    context.pointee.statistics.pointee.copyOnWriteFaults &+= 1
    return .resolved
  }

  /// Nobody else has the page: it is opened to writes where it is (`wp_page_reuse()`).
  @inline(__always)
  mutating func reuse(
    _ area: Area, _ page: VirtualAddress, _ slot: KernelPointer<Descriptor>, _ old: Descriptor
  ) -> FaultOutcome {
    var new = old.madeYoung.madeDirty
    if area.pointee.flags.contains(.write) { new = new.madeWritable }
    slot.pointee = new
    invalidatePage(page)
    frames.pointee.count(.pgreuse, by: 1)
    context.pointee.statistics.pointee.reuseFaults &+= 1
    return .resolved
  }
}
