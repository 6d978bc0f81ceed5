import HostBoard
import MemorySupport
import MemoryTypes
import TestSupport

@testable import AddressSpaces
@testable import Files

/// mbind and remap_file_pages in the stream.
extension Family {
  func bind(_ process: Int) {
    let range = range()
    // Default, bind, interleave, local, many; bind to static or relative nodes.
    let modes: [(mode: UInt32, nodes: UInt16)] = [
      (0, 0), (0, 0), (2, 1), (3, 1), (4, 0), (5, 3), (0x8002, 5), (0x4002, 6),
    ]
    let (mode, nodes) = modes[number(0...modes.count - 1)]
    let error = errno {
      try processes[process].space.pointee.bind(
        address(range.lowerBound), bytes(range.count), mode: mode, nodes: nodes, [])
    }
    let holes = range.filter { processes[process].pages[$0] == nil }
    // Only the default policy may be given across holes, but not to nothing at all.
    let isRefused = mode == 0 ? holes.count == range.count : !holes.isEmpty
    require(error == (isRefused ? .EFAULT : nil), "bind: \(String(describing: error))")
    guard error == nil, let policy = try? MemoryPolicy(mode: mode, nodes: nodes) else { return }
    for index in range { processes[process].pages[index]?.policy = policy }
  }

  /// Shows another part of a shared file in place of what a mapping shows.
  func remapPages(_ process: Int) {
    let range = range()
    guard case .shared(let object, _)? = processes[process].pages[range.lowerBound]?.backing,
      object.file != nil
    else { return }
    let offset = number(0...20)
    let first = processes[process].pages[range.lowerBound]
    let isUniform = range.allSatisfy { index in
      guard let page = processes[process].pages[index], case .shared(let other, _) = page.backing
      else { return false }
      return other === object && page.protection == first?.protection
        && page.isLocked == first?.isLocked && page.isLockedOnFault == first?.isLockedOnFault
        && page.wipes == first?.wipes && page.staysBehind == first?.staysBehind
    }
    let error = errno {
      try processes[process].space.pointee.remapFilePages(
        address(range.lowerBound), bytes(range.count), 0, pageOffset: UInt64(offset),
        nonBlocking: chance(1, of: 2))
    }
    // Areas that only one flag more tells apart are not taken together.
    require(error == nil || error == .EINVAL, "remap_file_pages: \(String(describing: error))")
    require(isUniform || error == .EINVAL, "remap_file_pages across what differs")
    require(!isUniform || error == nil, "remap_file_pages: \(String(describing: error))")
    guard error == nil else { return }
    for index in range {
      var page = PageModel(
        backing: .shared(object, offset + index - range.lowerBound),
        protection: first?.protection ?? [])
      page.isLocked = first?.isLocked ?? false
      processes[process].pages[index] = page
    }
  }
}
