import Arm64
public import MemoryTypes
import PageFrames

/// Bringing pages in before they are asked for (mm/gup.c:__mm_populate()).
extension AddressSpace {
  /// Faults in what a range's areas allow; what cannot be had is left for later.
  ///
  /// Where memory is short it stops, and goes on when room was made, on the way back to the program
  /// (``unpopulated``).
  public mutating func populate(_ start: VirtualAddress, _ end: VirtualAddress) {
    var area = areas.area(endingAbove: start)
    while let here = area, here.pointee.start < end {
      area = here.pointee.next
      let flags = here.pointee.flags
      guard flags.isDisjoint(with: [.deviceMemory, .frameNumbers, .lockOnFault]),
        here.pointee.isAccessible
      else { continue }
      // Private memory is written to, so that it is ours; shared is only looked at.
      let write = flags.intersection([.write, .shared]) == .write
      let range = max(here.pointee.start, start)..<min(here.pointee.end, end)
      // What one area cannot have does not keep the next from it.
      var stop = range.lowerBound
      if touchAll(here, range, write: write, &stop) == .outOfMemory {
        leave(stop, end)
        return
      }
    }
  }

  /// Leaves the rest of a range to be populated when there is room.
  mutating func leave(_ start: VirtualAddress, _ end: VirtualAddress) {
    unpopulated = (start, end)
    frames.pointee.request(.populate)
  }

  /// What was left to be populated; nothing is left then.
  public mutating func takeUnpopulated() -> (start: VirtualAddress, end: VirtualAddress)? {
    defer { unpopulated = nil }
    return unpopulated
  }

  /// MADV_POPULATE_READ and _WRITE: what cannot be had is an error (`madvise_populate()`).
  mutating func populateAsked(
    _ area: Area, _ start: VirtualAddress, _ end: VirtualAddress, write: Bool
  ) throws(Errno) {
    guard area.pointee.flags.isDisjoint(with: [.deviceMemory, .frameNumbers]) else { throw .EINVAL }
    // check_vma_flags(): what may only be executed, or only written, may not be read this way.
    guard area.pointee.flags.contains(write ? .write : .read) else { throw .EINVAL }
    var stop = start
    switch touchAll(area, start..<end, write: write, &stop) {
    case .resolved: return
    case .outOfMemory, .beingRead:
      // Several areas are asked for one after the other: the call is made again where one stops.
      throw .ENOMEM
    case .notMapped, .accessDenied, .beyondObject: throw .EFAULT
    }
  }

  /// Faults in all pages of a range of an area, up to where one could not be had.
  mutating func touchAll(
    _ area: Area, _ range: Range<VirtualAddress>, write: Bool, _ stop: inout VirtualAddress
  ) -> FaultOutcome {
    defer { frames.pointee.drainLRU() }  // populate_vma_page_range()
    var page = range.lowerBound
    defer { stop = page }
    while page < range.upperBound {
      if !isThere(page, write: write) {
        let outcome = faultInPlace(area, page, write: write)
        guard outcome == .resolved else { return outcome }
        // Writing takes a second fault where the first only brought the page.
        if write && !isThere(page, write: true) {
          let again = faultInPlace(area, page, write: true)
          guard again == .resolved else { return again }
        }
      }
      page += pageSize.bytes
    }
    return .resolved
  }

  /// Whether following the tables finds the page (`follow_page_mask()`).
  func isThere(_ page: VirtualAddress, write: Bool) -> Bool {
    guard let slot = tables.entry(for: page), slot.pointee.isValid else { return false }
    return !write || slot.pointee.isWritable
  }
}
