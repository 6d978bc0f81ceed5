import Arm64
public import MemoryTypes
import PageFrames
import Swap

/// Bringing back all that a space has in a swap area (mm/swapfile.c:unuse_mm()).
extension AddressSpace {
  /// Brings every page back that is in an area; ENOMEM where there is no frame for one, EIO where
  /// one cannot be read.
  public mutating func unuse(_ number: Int) throws(Errno) {
    guard
      resident[PageKind.swapped.rawValue] != 0
        || context.pointee.current.pointee.space == here
    else { return }
    var failure: Errno?
    var brought: Int64 = 0
    var next = areas.first
    while let area = next, failure == nil {
      next = area.pointee.next
      guard area.pointee.anonymousLinks != nil else { continue }
      tables.forEachRun(in: area.pointee.start..<area.pointee.end) { run in
        for index in 0..<run.count {
          guard failure == nil, let entry = run[index].swapEntry, entry.area == number else {
            continue
          }
          var isMajor = false
          let page = run.address(index, pageSize)
          var outcome = swapFault(
            area, page, run.slot(index), run[index], write: false, &isMajor)
          while outcome == .beingRead {
            waitForAwaited()
            outcome = swapFault(
              area, page, run.slot(index), run[index], write: false, &isMajor)
          }
          switch outcome {
          case .resolved: brought &+= 1
          case .outOfMemory: failure = .ENOMEM
          default: failure = .EIO
          }
        }
      }
    }
    countAtOnce(brought)
    if let failure { throw failure }
  }

  /// What came back is counted at once, without the lag of a task's own faults (`unuse_pte()`).
  private mutating func countAtOnce(_ pages: Int64) {
    let task = context.pointee.current
    guard task.pointee.space == here else { return }
    task.pointee.delta[PageKind.anonymous.rawValue] &-= pages
    resident[PageKind.anonymous.rawValue] &+= pages
    task.pointee.delta[PageKind.swapped.rawValue] &+= pages
    resident[PageKind.swapped.rawValue] &-= pages
  }
}
