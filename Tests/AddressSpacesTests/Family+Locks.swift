import MemorySupport
import MemoryTypes
import TestSupport

@testable import AddressSpaces

/// mlock and munlock, on the kernel and on the model.
///
/// Locking brings pages in, and what is private and may be written is brought in as by a write: a
/// view of a file is a copy from then on, which does not follow the file
/// (mm/gup.c:populate_vma_page_range()).
extension Family {
  func lock(_ process: Int) {
    let range = range()
    let onFault = chance(1, of: 2)
    let error = errno {
      try processes[process].space.pointee.lock(
        address(range.lowerBound), bytes(range.count), onFault: onFault)
    }
    setLocked(process, range, true, onFault: onFault)
    // Over a hole nothing is brought in.
    let hasHole = range.contains { processes[process].pages[$0] == nil }
    let succeeds = !hasHole && (onFault || bringIn(process, range))
    require(error == (succeeds ? nil : .ENOMEM), "lock: \(String(describing: error))")
  }

  func unlock(_ process: Int) {
    let range = range()
    let error = errno {
      try processes[process].space.pointee.unlock(
        address(range.lowerBound), bytes(range.count))
    }
    setLocked(process, range, false, onFault: false)
    let hasHole = range.contains { processes[process].pages[$0] == nil }
    require(error == (hasHole ? .ENOMEM : nil), "unlock: \(String(describing: error))")
  }

  private func setLocked(_ process: Int, _ range: Range<Int>, _ locked: Bool, onFault: Bool) {
    for index in range {
      guard processes[process].pages[index] != nil else { return }
      processes[process].pages[index]?.isLocked = locked
      processes[process].pages[index]?.isLockedOnFault = onFault
    }
  }

  /// Brings locked pages in up to the first that cannot be had; whether there was none.
  private func bringIn(_ process: Int, _ range: Range<Int>) -> Bool {
    for index in range {
      guard let page = processes[process].pages[index], page.words != nil,
        !page.protection.isDisjoint(with: [.read, .write, .execute])
      else { return false }
      processes[process].pages[index]?.becomeOwnIfLocked()
    }
    return true
  }
}

extension PageModel {
  /// A page that is brought in because it is locked: a copy, if it is private and may be written.
  mutating func becomeOwnIfLocked() {
    if isLocked && !isLockedOnFault && isPrivate && protection.contains(.write) { own = words }
  }
}
