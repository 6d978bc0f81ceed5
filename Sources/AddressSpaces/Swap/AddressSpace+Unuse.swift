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
          switch swapFault(area, page, run.slot(index), run[index], write: false, &isMajor) {
          case .resolved: break
          case .outOfMemory: failure = .ENOMEM
          default: failure = .EIO
          }
        }
      }
    }
    if let failure { throw failure }
  }
}
