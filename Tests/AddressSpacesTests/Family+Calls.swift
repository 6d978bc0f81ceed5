import HostBoard
import MemorySupport
import MemoryTypes
import TestSupport

@testable import AddressSpaces
@testable import Files

/// The calls of the stream, on the kernel and on the model.
extension Family {
  static var protections: [Protection] {
    [
      [.read, .write], [.read, .write], [.read, .write], [.read], [], [.write], [.read, .execute],
    ]
  }

  func protection() -> Protection { Self.protections[number(0...Self.protections.count - 1)] }

  func map(_ process: Int) {
    let range = range()
    let protection = protection()
    var request = MappingRequest(
      address: address(range.lowerBound), length: bytes(range.count), protection: protection,
      flags: [.fixed])
    let make: (Int) -> PageModel.Backing
    switch number(0...9) {
    case 0..<5:
      request.flags.formUnion([.private, .anonymous])
      make = { _ in .anonymous }
    case 5:
      request.flags.formUnion([.shared, .anonymous])
      let object = ObjectModel(pages: range.count, file: nil)
      make = { .shared(object, $0) }
    default:
      let object = files[number(0...files.count - 1)]
      let isShared = chance(1, of: 2)
      let offset = number(0...20)
      request.flags.insert(isShared ? .shared : .private)
      request.file = object.file
      request.pageOffset = UInt64(offset)
      make = { isShared ? .shared(object, offset + $0) : .view(object, offset + $0) }
    }
    do throws(Errno) {
      let start = try processes[process].space.pointee.map(request)
      require(start == request.address, "map went to \(start)")
    } catch {
      fail("map: \(error)")
    }
    for index in range {
      processes[process].pages[index] = PageModel(
        backing: make(index - range.lowerBound), protection: protection)
    }
  }

  func unmap(_ process: Int) {
    let range = range()
    let error = errno {
      try processes[process].space.pointee.unmap(
        address(range.lowerBound), bytes(range.count))
    }
    require(error == nil, "unmap: \(String(describing: error))")
    for index in range { processes[process].pages[index] = nil }
  }

  func protect(_ process: Int) {
    let range = range()
    let protection = protection()
    let error = errno {
      try processes[process].space.pointee.protect(
        address(range.lowerBound), bytes(range.count), protection)
    }
    var expected: Errno?
    for index in range {
      guard processes[process].pages[index] != nil else {
        expected = .ENOMEM
        break
      }
      let couldWrite = processes[process].pages[index]?.protection.contains(.write) == true
      processes[process].pages[index]?.protection = protection
      if !couldWrite { processes[process].pages[index]?.becomeOwnIfLocked() }
    }
    require(error == expected, "protect: \(String(describing: error))")
  }

  /// mremap with a place to go to: moves, grows, shrinks, leaves the old place mapped, or maps an
  /// object a second time.
  func move(_ process: Int) {
    let source = range()
    let space = processes[process].space
    guard let area = space.pointee.area(at: address(source.lowerBound)) else { return }
    let room = Int((area.pointee.end - address(source.lowerBound)).rawValue / page)
    var count = min(source.count, room)
    var newCount = chance(1, of: 3) ? number(1...count + 5) : count
    let first = processes[process].pages[source.lowerBound]
    let keepsOld = newCount == count && chance(1, of: 4)
    let isDuplicate = !keepsOld && first?.isPrivate == false && chance(1, of: 6)
    if isDuplicate { newCount = min(count, 8) }
    if isDuplicate { count = 0 }
    guard newCount <= ProcessModel.pages else { return }
    let target = number(0...ProcessModel.pages - newCount)
    let old = source.lowerBound..<source.lowerBound + count
    let overlaps =
      target < source.lowerBound + max(count, 1) && target + newCount > source.lowerBound
    guard !overlaps else { return }
    let flags: RemapFlags = keepsOld ? [.mayMove, .fixed, .keepOld] : [.mayMove, .fixed]
    let error = errno {
      let new = try space.pointee.remap(
        address(source.lowerBound), bytes(count), bytes(newCount), flags, address(target))
      require(new == address(target), "remap went to \(new)")
    }
    require(error == nil, "remap: \(String(describing: error))")
    guard !failed, let first else { return }
    moveInModel(process, old, isDuplicate ? first : nil, target, newCount, keepsOld: keepsOld)
  }

  private func moveInModel(
    _ process: Int, _ old: Range<Int>, _ duplicated: PageModel?, _ target: Int, _ newCount: Int,
    keepsOld: Bool
  ) {
    let before = processes[process].pages
    for index in 0..<newCount { processes[process].pages[target + index] = nil }
    guard let first = duplicated ?? before[old.lowerBound] else { return }
    for index in 0..<newCount {
      if duplicated == nil && index < old.count {
        processes[process].pages[target + index] = before[old.lowerBound + index]
        continue
      }
      var new = first
      new.own = nil
      switch first.backing {
      case .anonymous: break
      case .shared(let object, let at): new.backing = .shared(object, at + index)
      case .view(let object, let at): new.backing = .view(object, at + index)
      }
      new.becomeOwnIfLocked()
      processes[process].pages[target + index] = new
    }
    for index in old {
      if keepsOld {
        processes[process].pages[index]?.own = nil
        processes[process].pages[index]?.isLocked = false
        processes[process].pages[index]?.isLockedOnFault = false
      } else {
        processes[process].pages[index] = nil
      }
    }
  }

  func advise(_ process: Int) {
    let range = range()
    // DONTNEED, FREE, DONTFORK, DOFORK, WIPEONFORK, KEEPONFORK, COLD
    // What is in a slot is gone with FREE at once, so that families that swap do not ask for it.
    let advice = [4, 4, 4, hasSwap ? 20 : 8, 10, 11, 18, 19, 20][number(0...8)]
    let error = errno {
      try processes[process].space.pointee.advise(
        address(range.lowerBound), bytes(range.count), UInt64(advice))
    }
    var expected: Errno?
    for index in range {
      guard let page = processes[process].pages[index] else {
        expected = .ENOMEM
        continue
      }
      let isAnonymous = if case .anonymous = page.backing { true } else { false }
      let isRefused =
        switch advice {
        case 4, 20: page.isLocked
        case 8: page.isLocked || !isAnonymous
        case 18: !isAnonymous
        default: false
        }
      if isRefused {
        expected = .EINVAL
        break
      }
      switch advice {
      case 4: processes[process].pages[index]?.own = nil
      case 10: processes[process].pages[index]?.staysBehind = true
      case 11: processes[process].pages[index]?.staysBehind = false
      case 18: processes[process].pages[index]?.wipes = true
      case 19: processes[process].pages[index]?.wipes = false
      default: break
      }
    }
    require(error == expected, "advise \(advice): \(String(describing: error))")
  }

  func fork(_ process: Int) {
    guard processes.count < 9 else { return }
    guard let child = processes[process].space.pointee.copy() else {
      fail("fork")
      return
    }
    processes.append(processes[process].fork(into: child))
    // The child runs first, or the parent does.
    if chance(1, of: 2) { machine.activate(child) }
  }

  func exit(_ process: Int) {
    guard processes.count > 1 else { return }
    machine.activate(nil)
    AddressSpace.release(processes[process].space)
    processes.remove(at: process)
  }

  /// Truncates a file, or makes it longer, under everybody who maps it.
  func resize() {
    let object = files[number(0...files.count - 1)]
    guard let file = object.file else { return }
    let count = number(0...30)
    let inode = file.pointee.inode
    if count < object.pages.count {
      machine.context.pointee.unmapFile(inode, from: UInt64(count))
    }
    let error = errno { try machine.files.pointee.setSize(of: inode, to: UInt64(count) * page) }
    require(error == nil, "truncate: \(String(describing: error))")
    if count < object.pages.count {
      object.pages.removeLast(object.pages.count - count)
      // Private copies of what is gone are gone too.
      for process in processes.indices {
        for index in processes[process].pages.indices {
          if case .view(let other, let at)? = processes[process].pages[index]?.backing,
            other === object, at >= count
          {
            processes[process].pages[index]?.own = nil
          }
        }
      }
    } else {
      object.pages += Array(repeating: Words(), count: count - object.pages.count)
    }
  }
}
