import Arm64
import HostBoard
import MemorySupport
import MemoryTypes
import PageFrames
import Testing

@testable import AddressSpaces
@testable import Files

/// What stands on the reverse map.
@Suite struct ReverseMapTests {
  /// The frame under an address, and its entry.
  func slot(_ space: Space, _ address: UInt64) -> KernelPointer<Descriptor> {
    guard let slot = space.pointee.tables.entry(for: VirtualAddress(address)) else {
      fatalError("no table")
    }
    return slot
  }

  func mappings(_ machine: TestMachine, _ number: PageFrameNumber) -> Int {
    var count = 0
    machine.context.pointee.forEachMapping(of: number) { _ in count += 1 }
    return count
  }

  /// Areas that all share one anon_vma, as many as a process may have nearly; a fork of them, holes
  /// in the child, and each frame still leads back to exactly who has it.
  @Test func manyAreas() throws {
    let machine = try TestMachine(Configuration.all[0], ram: .mebibytes(512))
    defer { machine.end() }
    let before = Holdings(machine)
    let space = try machine.makeSpace()
    let page = machine.page
    let count: UInt64 = 32_000
    let start = try space.pointee.map(
      MappingRequest(
        length: ByteCount(2 * count * page), protection: [.read, .write],
        flags: [.private, .anonymous, .noReserve]))
    let base = start.rawValue
    for index in 0..<count { _ = space.pointee.store(index, at: base + 2 * index * page) }
    for index in 0..<count {
      try space.pointee.protect(
        VirtualAddress(base + (2 * index + 1) * page), ByteCount(page), .read)
    }
    #expect(space.pointee.mapCount == Int(2 * count))
    guard let child = space.pointee.copy() else { fatalError("no memory") }
    for index in 0..<count where index % 3 == 0 {
      try child.pointee.unmap(VirtualAddress(base + 2 * index * page), ByteCount(page))
    }
    let geometry = machine.board.translation
    for index in stride(from: 0, to: count, by: 7) {
      let number = slot(space, base + 2 * index * page).pointee.frame(in: geometry)
      check(mappings(machine, number) == (index % 3 == 0 ? 1 : 2), "page \(index)")
    }
    machine.activate(nil)
    AddressSpace.release(space)
    AddressSpace.release(child)
    #expect(Holdings(machine).frames == before.frames)
  }

  /// A child's own pages are not looked for at its parent's, nor the parent's re-used ones at the
  /// child's: each frame's tree is the one of the area that it was born in.
  @Test(arguments: Configuration.all)
  func framesAreBornAgain(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let start = try space.pointee.map(
      MappingRequest(
        length: ByteCount(2 * machine.page), protection: [.read, .write],
        flags: [.private, .anonymous]))
    let base = start.rawValue
    let geometry = machine.board.translation
    _ = space.pointee.store(1, at: base)
    let frame = slot(space, base).pointee.frame(in: geometry)
    let born = machine.frames.pointee.frame(frame).pointee.mapping
    guard let child = space.pointee.copy() else { fatalError("no memory") }
    #expect(mappings(machine, frame) == 2)
    // The parent writes: it gets a copy, the child is left over and re-uses.
    _ = space.pointee.store(2, at: base)
    #expect(mappings(machine, frame) == 1)
    machine.activate(child)
    _ = child.pointee.store(3, at: base)
    #expect(slot(child, base).pointee.frame(in: geometry) == frame)
    #expect(machine.frames.pointee.frame(frame).pointee.mapping != born)
    check(machine.frames.pointee.frame(frame).pointee.flags.contains(.anonymousExclusive))
    #expect(machine.frames.pointee.statistic(.pgreuse) == 1)
    machine.activate(nil)
    AddressSpace.release(child)
    AddressSpace.release(space)
  }

  /// Write-back takes the right to write from everybody's entries, so that the next write is
  /// noticed; use is found, and forgotten, at all of them.
  @Test(arguments: Configuration.all)
  func writeBackAndUse(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let file = try machine.files.pointee.makeAnonymousFile(ByteCount(4 * machine.page))
    let first = try machine.makeSpace()
    let request = MappingRequest(
      length: ByteCount(4 * machine.page), protection: [.read, .write], flags: .shared, file: file)
    let base = try first.pointee.map(request).rawValue
    _ = first.pointee.store(1, at: base)
    let second = try machine.makeSpace()
    let other = try second.pointee.map(request).rawValue
    _ = second.pointee.store(2, at: other)
    let number = slot(first, base).pointee.frame(in: machine.board.translation)
    let context = machine.context
    #expect(mappings(machine, number) == 2)
    check(context.pointee.referenced(number).entries == 2)
    check(context.pointee.referenced(number).entries == 0)
    check(context.pointee.makeEntriesClean(number))
    #expect(!slot(first, base).pointee.isDirty && !slot(first, base).pointee.isWritable)
    #expect(!slot(second, other).pointee.isDirty && !slot(second, other).pointee.isWritable)
    check(!context.pointee.makeEntriesClean(number))
    _ = second.pointee.store(3, at: other)
    #expect(slot(second, other).pointee.isDirty && !slot(first, base).pointee.isDirty)
    // A hole punched into the file leaves private copies, truncation does not.
    machine.activate(first)
    let copy = try first.pointee.map(
      MappingRequest(
        length: ByteCount(4 * machine.page), protection: [.read, .write], flags: .private,
        file: file)
    ).rawValue
    _ = first.pointee.store(9, at: copy)
    context.pointee.unmapFile(file.pointee.inode, 0...0, copies: false)
    #expect(slot(first, base).pointee.isNone && slot(second, other).pointee.isNone)
    #expect(!slot(first, copy).pointee.isNone)
    context.pointee.unmapFile(file.pointee.inode, from: 0)
    #expect(slot(first, copy).pointee.isNone)
    machine.activate(nil)
    AddressSpace.release(first)
    AddressSpace.release(second)
    machine.files.pointee.release(file)
  }

  /// Locking counts at the seventh page of a machine whose processor may run six ahead, and a page
  /// that two areas have locked stays unevictable until both let go.
  @Test func lockedPages() throws {
    let machine = try TestMachine(Configuration.all[0], ram: .mebibytes(512))
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let request = MappingRequest(
      length: ByteCount(16 * page), protection: [.read, .write], flags: [.shared, .anonymous])
    let start = try space.pointee.map(request)
    let frames = machine.frames
    for count in 1...7 {
      try space.pointee.lock(
        start + ByteCount(UInt64(count - 1) * page), ByteCount(page), onFault: false)
      #expect(frames.pointee.statistic(.nr_mlock) == count)
      #expect(frames.pointee.shown(.nr_mlock) == (count < 7 ? 0 : 7))
    }
    #expect(frames.pointee.statistic(.nr_unevictable) == 7)
    let twin = try space.pointee.remap(
      start, ByteCount(0), ByteCount(7 * page), .mayMove, VirtualAddress(0))
    try space.pointee.lock(twin, ByteCount(7 * page), onFault: false)
    try space.pointee.unlock(start, ByteCount(7 * page))
    #expect(frames.pointee.statistic(.nr_mlock) == 7)
    try space.pointee.unlock(twin, ByteCount(7 * page))
    #expect(frames.pointee.statistic(.nr_mlock) == 0)
    #expect(frames.pointee.statistic(.nr_unevictable) == 0)
    #expect(frames.pointee.checkLRU() == nil)
    machine.activate(nil)
    AddressSpace.release(space)
    #expect(frames.pointee.checkLRU() == nil)
  }

  /// MADV_FREE moves pages among those of files, MADV_COLD takes their age and place.
  @Test func advisedPages() throws {
    let machine = try TestMachine(Configuration.all[0])
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let start = try space.pointee.map(
      MappingRequest(
        length: ByteCount(20 * page), protection: [.read, .write],
        flags: [.private, .anonymous]))
    for index in 0..<20 { _ = space.pointee.store(1, at: start.rawValue + UInt64(index) * page) }
    let frames = machine.frames
    frames.pointee.drainLRU()
    #expect(frames.pointee.statistic(.nr_inactive_anon) == 20)
    let number = slot(space, start.rawValue).pointee.frame(in: machine.board.translation)
    frames.pointee.markAccessed(number)
    frames.pointee.markAccessed(number)
    frames.pointee.drainLRU()
    #expect(frames.pointee.statistic(.nr_active_anon) == 1)
    #expect(frames.pointee.statistic(.pgactivate) == 1)
    try space.pointee.advise(start, ByteCount(20 * page), 20)
    frames.pointee.drainLRU()
    #expect(frames.pointee.statistic(.nr_active_anon) == 0)
    #expect(frames.pointee.statistic(.pgdeactivate) == 1)
    #expect(!slot(space, start.rawValue).pointee.isYoung)
    try space.pointee.advise(start, ByteCount(20 * page), 8)
    #expect(frames.pointee.statistic(.pglazyfree) == 15, "a batch of 15, five wait")
    frames.pointee.drainLRU()
    #expect(frames.pointee.statistic(.nr_inactive_file) == 20)
    #expect(frames.pointee.statistic(.pglazyfree) == 20)
    if let area = space.pointee.area(at: start) {
      #expect(space.pointee.usage(of: area).lazyFree == ByteCount(20 * page))
      _ = space.pointee.store(2, at: start.rawValue)
      #expect(space.pointee.usage(of: area).lazyFree == ByteCount(19 * page))
    }
    #expect(frames.pointee.checkLRU() == nil)
    machine.activate(nil)
    AddressSpace.release(space)
  }
}
