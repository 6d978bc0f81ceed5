import Arm64
import HostBoard
import KernelHeap
import KernelLayout
import MemoryTypes
import PageFrames
import Testing

@testable import AddressSpaces
@testable import Files

/// Random streams of calls and accesses against the model, on every page size.
@Suite struct ModelTests {
  @Test(arguments: Configuration.all, [UInt64(1), 2])
  func stream(configuration: Configuration, seed: UInt64) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let before = Holdings(machine)
    try Stream(machine, seed: seed).run(steps: 700)
    machine.frames.pointee.checkInvariants()
    #expect(machine.frames.pointee.checkLRU() == nil)
    machine.slab.pointee.checkInvariants()
    check(machine.context.pointee.committed == 0, "promises are left")
    #expect(Holdings(machine).frames == before.frames, "seed \(seed)")
  }

  @Test(arguments: Configuration.all)
  func nothingIsKept(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    // A cache may keep slabs it once needed; the same again must not need more.
    try Stream(machine, seed: 7).run(steps: 150)
    let before = Holdings(machine)
    for _ in 0..<12 { try Stream(machine, seed: 7).run(steps: 150) }
    let after = Holdings(machine)
    #expect(after.frames == before.frames)
    #expect(after.objects == before.objects)
  }
}

/// What is taken of a machine: frames, those of slabs left out, and objects by cache.
struct Holdings {
  var frames: Int
  var objects: [String: Int] = [:]

  init(_ machine: TestMachine) {
    machine.frames.pointee.drain()
    let slabs =
      machine.frames.pointee.statistic(.nr_slab_reclaimable)
      + machine.frames.pointee.statistic(.nr_slab_unreclaimable)
    frames =
      Int(machine.frames.pointee.managed.rawValue) - Int(machine.frames.pointee.unused.rawValue)
      - slabs
    var objects: [String: Int] = [:]
    machine.slab.pointee.forEachCache { objects["\($0.name)"] = $0.activeObjects }
    self.objects = objects.filter { $0.value != 0 }
  }
}

/// One stream: spaces, each with its model, made by fork and ended in any order.
final class Stream {
  struct Process {
    var space: Space
    var model: AddressSpaceModel
    /// The file page under each page that belongs to the file.
    var filePages: [UInt64: Int] = [:]
  }

  let machine: TestMachine
  let seed: UInt64
  var random: Random
  var processes: [Process] = []
  var file: KernelPointer<OpenFile>
  var fileContents: [AddressSpaceModel.SharedPage]
  let page: UInt64
  var step = 0

  init(_ machine: TestMachine, seed: UInt64) throws {
    self.machine = machine
    self.seed = seed
    random = Random(seed: seed)
    page = machine.page
    file = try machine.files.pointee.makeAnonymousFile(ByteCount(24 * machine.page))
    fileContents = (0..<24).map { _ in AddressSpaceModel.SharedPage() }
    let space = try machine.makeSpace()
    let model = AddressSpaceModel(
      top: space.pointee.mmapBase.rawValue / page, bottom: max(65536 / page, 1),
      taskPages: machine.layout.taskSize.rawValue / page, breakStart: 0x1000_0000 / page,
      breakEnd: 0x1000_0000 / page)
    processes.append(Process(space: space, model: model))
  }

  func number(_ range: ClosedRange<UInt64>) -> UInt64 { .random(in: range, using: &random) }

  var note: Comment { "seed \(seed) step \(step)" }

  func run(steps: Int) throws {
    for step in 0..<steps {
      self.step = step
      let index = Int(number(0...UInt64(processes.count - 1)))
      machine.activate(processes[index].space)
      try act(index)
      let space = machine.task.pointee.space
      if step % 16 == 0, let space {
        if let wrong = space.pointee.checkInvariants() ?? space.pointee.checkReverseMap() {
          Issue.record("\(wrong): seed \(seed) step \(step)")
          return
        }
        if step % 64 == 0, let wrong = machine.frames.pointee.checkLRU() {
          Issue.record("\(wrong): seed \(seed) step \(step)")
          return
        }
      }
    }
    for process in processes { verify(process) }
    machine.activate(nil)
    for process in processes { AddressSpace.release(process.space) }
    machine.files.pointee.release(file)
  }

  func act(_ index: Int) throws {
    switch number(0...99) {
    case 0..<14: mapAnonymous(index)
    case 14..<18: mapShared(index)
    case 18..<26: mapFile(index)
    case 26..<36: unmap(index)
    case 36..<48: protect(index)
    case 48..<56: moveBreak(index)
    case 56..<62: remap(index)
    case 62..<66: forget(index)
    case 66..<67: try fork(index)
    case 67..<68: end(index)
    default: for _ in 0..<6 { touch(index) }
    }
  }

  /// A page near something that is mapped, most of the time.
  func pickPage(_ index: Int) -> UInt64 {
    let process = processes[index]
    if number(0...9) < 9, let any = process.model.pages.keys.min(by: { $0 < $1 }) {
      let keys = process.model.pages.keys.sorted()
      _ = any
      return keys[Int(number(0...UInt64(keys.count - 1)))] &+ number(0...2) &- 1
    }
    return process.model.top - number(1...200)
  }

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

  func fork(_ index: Int) throws {
    guard processes.count < 4 else { return }
    guard let child = processes[index].space.pointee.copy() else {
      Issue.record("fork: seed \(seed) step \(step)")
      return
    }
    var process = processes[index]
    process.space = child
    processes.append(process)
    if let wrong = processes[index].space.pointee.checkInvariants() {
      Issue.record("parent: \(wrong) seed \(seed) step \(step)")
    }
    machine.activate(child)
    if let wrong = child.pointee.checkInvariants() {
      Issue.record("child: \(wrong) seed \(seed) step \(step)")
    }
  }

  func end(_ index: Int) {
    guard processes.count > 1 else { return }
    verify(processes[index])
    machine.activate(nil)
    AddressSpace.release(processes[index].space)
    processes.remove(at: index)
  }

  func touch(_ index: Int) {
    let page = pickPage(index)
    let address = page * self.page
    if number(0...1) == 0 {
      let value = random.next()
      let got = processes[index].space.pointee.store(value, at: address)
      compare(got, processes[index].model.store(value, page))
    } else {
      let got = processes[index].space.pointee.load(address)
      compare(got, processes[index].model.load(page))
    }
  }

  func compare(
    _ got: AddressSpace<HostBoard>.Access, _ expected: AddressSpaceModel.AccessResult
  ) {
    switch (got, expected) {
    case (.value(let a), .value(let b)): check(a == b, "\(a) is not \(b), \(note)")
    case (.failed(let a), .failed(let b)): check(a == b, "\(a) is not \(b), \(note)")
    default: Issue.record("\(got) is not \(expected), seed \(seed) step \(step)")
    }
  }

  func verify(_ process: Process) {
    machine.activate(process.space)
    for number in process.model.pages.keys.sorted() {
      compare(process.space.pointee.load(number * page), process.model.load(number))
    }
  }
}
