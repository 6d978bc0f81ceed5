import Arm64
import HostBoard
import KernelHeap
import KernelLayout
import MemorySupport
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

/// The calls of a stream, each made of the space and of its model.
extension Stream {
  func protections() -> Protection {
    [[.read, .write], [.read, .write], [.read], [], [.write], [.read, .execute]][
      Int(number(0...5))]
  }

  func place(
    _ index: Int, _ count: UInt64, _ request: MappingRequest,
    _ make: (UInt64) -> AddressSpaceModel.Page
  ) -> UInt64? {
    var request = request
    var expected = processes[index].model.placement(count)
    if number(0...4) == 0 {
      let wanted = pickPage(index)
      guard wanted + count < processes[index].model.taskPages, wanted > 16 else { return nil }
      request.address = VirtualAddress(wanted * page)
      request.flags.insert(.fixed)
      expected = wanted
    }
    do throws(Errno) {
      let start = try processes[index].space.pointee.map(request)
      check(start.rawValue / page == expected, note)
      let first = start.rawValue / page
      for number in first..<first + count { processes[index].filePages[number] = nil }
      processes[index].model.map(first, count, make)
      return first
    } catch {
      Issue.record("map: \(error) seed \(seed) step \(step)")
      return nil
    }
  }

  func mapAnonymous(_ index: Int) {
    let count = number(1...12)
    let protection = protections()
    let request = MappingRequest(
      length: ByteCount(count * page - number(0...page - 1)), protection: protection,
      flags: [.private, .anonymous])
    _ = place(index, count, request) { _ in
      .init(protection: protection, contents: .own(0), isAnonymous: true)
    }
  }

  func mapShared(_ index: Int) {
    let count = number(1...8)
    let protection = protections()
    let request = MappingRequest(
      length: ByteCount(count * page), protection: protection, flags: [.shared, .anonymous])
    _ = place(index, count, request) { _ in
      .init(
        protection: protection, contents: .shared(AddressSpaceModel.SharedPage()),
        isAnonymous: false)
    }
  }

  func mapFile(_ index: Int) {
    let count = number(1...10)
    let offset = number(0...20)
    let protection = protections()
    let isShared = number(0...2) == 0
    let request = MappingRequest(
      length: ByteCount(count * page), protection: protection,
      flags: isShared ? .shared : .private, file: file, pageOffset: offset)
    let contents = fileContents
    guard
      let first = place(
        index, count, request,
        { at in
          let place = Int(offset + at)
          guard place < contents.count else {
            return .init(
              protection: protection, contents: .own(0), isBeyond: true, isAnonymous: false)
          }
          return .init(
            protection: protection,
            contents: isShared ? .shared(contents[place]) : .view(contents[place]),
            isAnonymous: false)
        })
    else { return }
    for at in 0..<count where Int(offset + at) < contents.count && !isShared {
      processes[index].filePages[first + at] = Int(offset + at)
    }
  }

  func unmap(_ index: Int) {
    let first = pickPage(index)
    let count = number(1...16)
    let failed = errno {
      try processes[index].space.pointee.unmap(
        VirtualAddress(first * page), ByteCount(count * page))
    }
    check(failed == nil, note)
    processes[index].model.unmap(first, count)
    for number in first..<first + count { processes[index].filePages[number] = nil }
  }

  func protect(_ index: Int) {
    let first = pickPage(index)
    let count = number(1...10)
    let protection = protections()
    let failed = errno {
      try processes[index].space.pointee.protect(
        VirtualAddress(first * page), ByteCount(count * page), protection)
    }
    let expected = processes[index].model.protect(first, count, protection)
    check(failed == expected, note)
  }

  func moveBreak(_ index: Int) {
    let start = processes[index].model.breakStart
    let wanted = (start + number(0...40)) * page - number(0...page - 1)
    guard wanted >= start * page else { return }
    let answer = processes[index].space.pointee.setBreak(VirtualAddress(wanted))
    let old = processes[index].model.breakEnd
    let new = (wanted + page - 1) / page
    if answer.rawValue != wanted {
      // Refused: something is in the way above, or nothing is left to unmap.
      let blocked =
        new > old
        ? (old...new).contains { processes[index].model.pages[$0] != nil }
        : !(new..<old).contains { processes[index].model.pages[$0] != nil }
      check(blocked, note)
      return
    }
    if new > old {
      processes[index].model.map(old, new - old) { _ in
        .init(protection: [.read, .write], contents: .own(0), isAnonymous: true)
      }
    } else {
      processes[index].model.unmap(new, old - new)
    }
    let changed = min(old, new)..<max(old, new)
    for number in changed { processes[index].filePages[number] = nil }
    processes[index].model.breakEnd = new
  }

  func remap(_ index: Int) {
    let first = pickPage(index)
    let process = processes[index]
    let area = process.space.pointee.area(at: VirtualAddress(first * page))
    guard let area, let firstPage = process.model.pages[first] else { return }
    let end = area.pointee.end.rawValue / page
    let oldCount = number(1...end - first)
    let newCount = number(1...oldCount + 6)
    let answer: VirtualAddress
    do throws(Errno) {
      answer = try processes[index].space.pointee.remap(
        VirtualAddress(first * page), ByteCount(oldCount * page), ByteCount(newCount * page),
        .mayMove, VirtualAddress(0))
    } catch {
      Issue.record("remap: \(error) seed \(seed) step \(step)")
      return
    }
    let moved = answer.rawValue / page
    var contents: [AddressSpaceModel.Page?] = []
    var files: [Int?] = []
    for at in 0..<min(oldCount, newCount) {
      contents.append(process.model.pages[first + at])
      files.append(process.filePages[first + at])
    }
    // What comes new is the object's next pages; of a shared anonymous one, beyond its end.
    let lastFile = files.last ?? nil
    for at in 0..<oldCount {
      processes[index].model.pages[first + at] = nil
      processes[index].filePages[first + at] = nil
    }
    for at in 0..<newCount {
      if at < contents.count {
        processes[index].model.pages[moved + at] = contents[Int(at)]
        processes[index].filePages[moved + at] = files[Int(at)]
        continue
      }
      var page = firstPage
      page.isBeyond = false
      page.contents = .own(0)
      if !firstPage.isAnonymous {
        // Objects are told apart by what the area says.
        let found = processes[index].space.pointee.area(
          at: VirtualAddress((moved + at) * self.page))
        let offset =
          (found?.pointee.pageOffset ?? 0) + moved + at
          - (found?.pointee.start.rawValue ?? 0) / self.page
        if found?.pointee.file == file, offset < 24 {
          let isShared = found?.pointee.flags.contains(.mayShare) == true
          page.contents =
            isShared ? .shared(fileContents[Int(offset)]) : .view(fileContents[Int(offset)])
          if !isShared { processes[index].filePages[moved + at] = Int(offset) }
        } else if let size = found?.pointee.file?.pointee.inode.pointee.size,
          offset < size / self.page
        {
          // The object has it; somebody else may have it too, so it is read from there.
          processes[index].model.pages[moved + at] = nil
          unknown(index, moved + at, firstPage.protection)
          continue
        } else {
          page.isBeyond = true
        }
      }
      processes[index].model.pages[moved + at] = page
    }
    _ = lastFile
  }

  /// A page of a shared anonymous object that came into view again: the model learns which it is by
  /// the object itself, so that it is unmapped instead.
  func unknown(_ index: Int, _ number: UInt64, _ protection: Protection) {
    let failed = errno {
      try processes[index].space.pointee.unmap(VirtualAddress(number * page), ByteCount(page))
    }
    check(failed == nil, note)
  }

  func forget(_ index: Int) {
    let first = pickPage(index)
    let count = number(1...8)
    let failed = errno {
      try processes[index].space.pointee.advise(
        VirtualAddress(first * page), ByteCount(count * page), 4)
    }
    let files = processes[index].filePages
    let complete = processes[index].model.forget(first, count) { number in
      files[number].map { fileContents[$0] }
    }
    check(failed == (complete ? nil : .ENOMEM), note)
  }
}
