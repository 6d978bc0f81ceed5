import Arm64
public import MemoryTypes
import PageFrames

/// Reaching a program's memory past what its areas allow, as `/proc/PID/mem` does (mm/gup.c with
/// FOLL_FORCE).
extension AddressSpace {
  /// Lends the frame under an address, faulted in if it is not there, with the offset in it; nil
  /// where there is no memory that could be reached.
  ///
  /// What could be made readable is read, also where it may not be now. What is private and could
  /// be made writable is written to: in a copy of its own, which stays as it was protected. Memory
  /// shared with others must be writable as it is (`check_vma_flags()`).
  public mutating func forcedFrame(
    at address: VirtualAddress, write: Bool
  ) -> PageFrameNumber? {
    guard address < taskSize, let area = areas.area(endingAbove: address) else { return nil }
    if area.pointee.start > address {
      guard growStack(area, to: address) else { return nil }
    }
    let flags = area.pointee.flags
    // The data page of the vdso has no frame of Linux's kind (VM_PFNMAP).
    guard area.pointee.special != .vvar else { return nil }
    if write {
      guard flags.contains(.write) || flags.isDisjoint(with: .shared) && flags.contains(.mayWrite)
      else { return nil }
    } else {
      guard !flags.isDisjoint(with: [.read, .mayRead]) else { return nil }
    }
    let page = address.alignedDown(to: pageSize)
    frames.pointee.servesCopy = true
    defer { frames.pointee.servesCopy = false }
    // The first fault may only have read the page that the second one copies.
    for _ in 0..<4 {
      if let slot = tables.entry(for: page), isReachable(slot, write: write) {
        if write, flags.contains(.execute) {
          synchronizeInstructions(slot.pointee.frame(in: board.translation), board)
        }
        return slot.pointee.frame(in: board.translation)
      }
      guard faultInPlace(area, page, write: write) == .resolved else { return nil }
    }
    return nil
  }

  /// Whether what an entry maps may be read, or written: through it, or past it where the page is
  /// nobody else's (`can_follow_write_pte()`).
  private func isReachable(_ slot: KernelPointer<Descriptor>, write: Bool) -> Bool {
    let descriptor = slot.pointee
    guard descriptor.isPresent else { return false }
    guard write else { return true }
    guard !descriptor.isSpecial else { return false }
    if descriptor.isWritable {
      slot.pointee = descriptor.madeYoung.madeDirty
      return true
    }
    let frame = frames.pointee.frame(descriptor.frame(in: board.translation))
    return frame.pointee.state == .anonymous && frame.pointee.flags.contains(.anonymousExclusive)
  }
}
