import Arm64
import BoardFormat
import HostBoard
import KernelLayout
import MemoryTypes
import PageFrames
import Testing

@testable import AddressSpaces
@testable import Files

/// What surprised whoever recorded the real Linux, each as a test, on every page size.
@Suite struct SurpriseTests {
  let readWrite: Protection = [.read, .write]

  func anonymous(
    _ pages: UInt64, _ machine: TestMachine, at address: UInt64 = 0, _ flags: MapFlags = [],
    _ protection: Protection = [.read, .write]
  ) -> MappingRequest {
    MappingRequest(
      address: VirtualAddress(address), length: ByteCount(pages * machine.page),
      protection: protection, flags: flags.union([.private, .anonymous]))
  }

  @Test(arguments: Configuration.all)
  func mmapBaseFollowsTheStackLimit(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let top = machine.layout.stackTop.rawValue
    let guardGap = 256 * machine.page
    check(space.pointee.mmapBase.rawValue == top - (128 << 20))
    space.pointee.setUpLayout(
      stackLimit: ByteCount(128 << 20), legacy: false, stackShift: .zero, offset: .zero)
    check(space.pointee.mmapBase.rawValue == top - (128 << 20) - guardGap)
    space.pointee.setUpLayout(
      stackLimit: ByteCount(.max), legacy: false, stackShift: .zero, offset: .zero)
    check(space.pointee.isLegacyLayout)
    check(space.pointee.mmapBase == machine.layout.taskUnmappedBase)
    let first = try space.pointee.map(anonymous(1, machine))
    let second = try space.pointee.map(anonymous(1, machine))
    check(first == machine.layout.taskUnmappedBase)
    check(second.rawValue == first.rawValue + machine.page)
  }

  @Test(arguments: Configuration.all)
  func theBreakIsNotRounded(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let start: UInt64 = 0x1000_0000
    check(space.pointee.setBreak(VirtualAddress(start + 1)).rawValue == start + 1)
    check(space.pointee.totalPages.rawValue == 1)
    check(space.pointee.setBreak(VirtualAddress(start - 1)).rawValue == start + 1, "below start")
    // A page must stay free below the next mapping.
    let page = machine.page
    _ = try space.pointee.map(anonymous(1, machine, at: start + 8 * page, .fixed))
    check(space.pointee.setBreak(VirtualAddress(start + 7 * page)).rawValue == start + 7 * page)
    let refused = start + 7 * page + 1
    check(space.pointee.setBreak(VirtualAddress(refused)).rawValue == start + 7 * page)
    // And the guard of one that grows down.
    _ = space.pointee.setBreak(VirtualAddress(start))
    try space.pointee.unmap(VirtualAddress(start + 8 * page), ByteCount(page))
    _ = try space.pointee.map(anonymous(1, machine, at: start + 600 * page, [.fixed, .growsDown]))
    let limit = start + (600 - 257) * page
    check(space.pointee.setBreak(VirtualAddress(limit)).rawValue == limit)
    check(space.pointee.setBreak(VirtualAddress(limit + 1)).rawValue == limit)
    check(space.pointee.checkInvariants() == nil)
  }

  @Test(arguments: Configuration.all)
  func bssAndHeapStayApart(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    try space.pointee.mapBreak(
      VirtualAddress(0x1000_0000 - 4 * page), ByteCount(4 * page), executable: false)
    _ = space.pointee.setBreak(VirtualAddress(0x1000_0000 + page))
    check(space.pointee.mapCount == 2)
    _ = space.pointee.setBreak(VirtualAddress(0x1000_0000 + 9 * page))
    check(space.pointee.mapCount == 2)
  }

  @Test(arguments: Configuration.all)
  func mmapErrors(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let end = machine.layout.taskSize.rawValue
    func failure(_ request: MappingRequest) -> Errno? {
      errno { _ = try space.pointee.map(request) }
    }
    var request = anonymous(0, machine)
    check(failure(request) == .EINVAL)
    request.length = ByteCount(.max)
    check(failure(request) == .ENOMEM)
    check(failure(anonymous(1, machine, at: end, .fixed)) == .ENOMEM)
    check(failure(anonymous(1, machine, at: end - page, .fixed)) == nil)
    check(failure(anonymous(1, machine, at: page * 100 + 8, .fixed)) == .EINVAL)
    check(failure(anonymous(1, machine, at: page * 100 + 8, .fixedNoReplace)) == .EINVAL)
    request = anonymous(1, machine)
    request.length = ByteCount(end + page)
    check(failure(request) == .ENOMEM)
    request = anonymous(1, machine)
    request.flags = [.anonymous]
    check(failure(request) == .EINVAL)
    request.flags = [.anonymous, .sharedValidate]
    check(failure(request) == .EINVAL)
    request.flags = [.anonymous, .private, MapFlags(rawValue: 1 << 40)]
    request.protection = [.read, Protection(rawValue: 1 << 20)]
    check(failure(request) == nil, "unknown bits are ignored")
    request.flags = [.anonymous, .shared, .growsDown]
    check(failure(request) == .EINVAL)
    request.pageOffset = .max
    check(failure(request) == .EOVERFLOW)

    let taken = try space.pointee.map(anonymous(2, machine))
    check(failure(anonymous(1, machine, at: taken.rawValue, .fixedNoReplace)) == .EEXIST)
    let hinted = try space.pointee.map(anonymous(1, machine, at: 0x3000_0000 + 17))
    check(hinted.rawValue == 0x3000_0000)
    let low = try space.pointee.map(anonymous(1, machine, at: 1 + max(page, 4096)))
    check(low.rawValue == max(65536, page), "a low hint is raised")
    machine.task.pointee.isPrivileged = false
    check(failure(anonymous(1, machine, at: 0, .fixed)) == .EPERM)
    machine.task.pointee.isPrivileged = true
    check(failure(anonymous(1, machine, at: 0, .fixed)) == nil, "root may map 0")
    check(space.pointee.checkInvariants() == nil)
  }

  @Test(arguments: Configuration.all)
  func mergingHangsOnWhoWasTouched(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let base: UInt64 = 0x3000_0000
    // Two untouched pieces, bridged: one area.
    _ = try space.pointee.map(anonymous(1, machine, at: base, .fixed))
    _ = try space.pointee.map(anonymous(1, machine, at: base + 2 * page, .fixed))
    _ = try space.pointee.map(anonymous(1, machine, at: base + page, .fixed))
    check(space.pointee.mapCount == 1)
    try space.pointee.unmap(VirtualAddress(base), ByteCount(3 * page))
    // Two touched pieces: the bridge joins the upper.
    _ = try space.pointee.map(anonymous(1, machine, at: base, .fixed))
    _ = try space.pointee.map(anonymous(1, machine, at: base + 2 * page, .fixed))
    check(space.pointee.store(1, at: base) == .value(1))
    check(space.pointee.store(2, at: base + 2 * page) == .value(2))
    _ = try space.pointee.map(anonymous(1, machine, at: base + page, .fixed))
    check(space.pointee.mapCount == 2)
    check(
      space.pointee.area(at: VirtualAddress(base + page))?.pointee.end.rawValue
        == base + 3 * page)
    try space.pointee.unmap(VirtualAddress(base), ByteCount(3 * page))
    // Neighbours that differ in permission share an identity, so that they join later.
    _ = try space.pointee.map(anonymous(2, machine, at: base, .fixed))
    try space.pointee.protect(VirtualAddress(base), ByteCount(page), .read)
    check(space.pointee.mapCount == 2)
    check(space.pointee.store(3, at: base + page) == .value(3))
    try space.pointee.protect(VirtualAddress(base), ByteCount(page), readWrite)
    check(space.pointee.mapCount == 1)
    // Shared anonymous areas and those without reserve never join others.
    for flags: MapFlags in [[.shared], [.shared], [.private, .noReserve]] {
      _ = try space.pointee.map(
        MappingRequest(
          length: ByteCount(page), protection: readWrite, flags: flags.union(.anonymous)))
    }
    check(space.pointee.mapCount == 4)
    check(space.pointee.checkInvariants() == nil)
  }

  @Test(arguments: Configuration.all)
  func theMapCountHasALimit(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    machine.context.pointee.settings.maximumMapCount = 10
    let page = machine.page
    _ = try space.pointee.map(anonymous(60, machine, at: 0x3000_0000, .fixed))
    var index: UInt64 = 1
    while space.pointee.mapCount < 10 {
      try space.pointee.unmap(VirtualAddress(0x3000_0000 + index * page), ByteCount(page))
      index += 2
    }
    let hole = VirtualAddress(0x3000_0000 + (index + 1) * page)
    check(errno { try space.pointee.unmap(hole, ByteCount(page)) } == .ENOMEM)
    check(errno { try space.pointee.protect(hole, ByteCount(page), .read) } == .ENOMEM)
    _ = try space.pointee.map(anonymous(1, machine))
    check(space.pointee.mapCount == 11, "one more than the limit")
    check(errno { _ = try space.pointee.map(anonymous(1, machine, [], .read)) } == .ENOMEM)
  }

  @Test(arguments: Configuration.all)
  func stacksGrowToTheirGuard(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let stack: UInt64 = 0x3000_0000 + 600 * page
    _ = try space.pointee.map(anonymous(2, machine, at: stack, [.fixed, .growsDown]))
    check(space.pointee.store(1, at: stack - 5 * page) == .value(1))
    check(space.pointee.areas.first?.pointee.start.rawValue == stack - 5 * page)
    // Anything within 256 pages below the new start stops it.
    _ = try space.pointee.map(anonymous(1, machine, at: stack - 300 * page, .fixed))
    let lowest = stack - 299 * page + 256 * page
    check(space.pointee.store(1, at: lowest) == .value(1))
    check(space.pointee.store(1, at: lowest - page) == .failed(.notMapped))
    // Unless nobody may touch it.
    try space.pointee.protect(VirtualAddress(stack - 300 * page), ByteCount(page), [])
    check(space.pointee.store(1, at: lowest - page) == .value(1))
    check(space.pointee.checkInvariants() == nil)
  }

  @Test(arguments: Configuration.all)
  func stackLimits(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    try space.pointee.makeStack()
    let top = machine.layout.stackTop.rawValue
    try space.pointee.copyOut(UInt64(7), to: VirtualAddress(top - 8))
    try space.pointee.finishStack(executable: false)
    let extra = max(machine.page, 128 << 10)
    check(space.pointee.areas.last?.pointee.length.rawValue == machine.page + extra)
    let floor = top - (8 << 20)
    check(space.pointee.store(1, at: floor) == .value(1))
    check(space.pointee.store(1, at: floor - 8) == .failed(.notMapped))
    check(try space.pointee.copyIn(UInt64.self, from: VirtualAddress(top - 8)) == 7)
    check(space.pointee.stackPages.rawValue == (8 << 20) / machine.page)
    check(space.pointee.checkInvariants() == nil)
  }

  @Test(arguments: Configuration.all)
  func zeroPagesCountAsNothing(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let start = try space.pointee.map(anonymous(10, machine)).rawValue
    for index in 0..<UInt64(10) {
      check(space.pointee.load(start + index * machine.page) == .value(0))
    }
    check(machine.task.pointee.minorFaults == 10)
    space.pointee.synchronizeResident()
    check(space.pointee.residentPages.rawValue == 0)
    for index in 0..<UInt64(10) {
      check(space.pointee.store(1, at: start + index * machine.page) == .value(1))
    }
    check(machine.task.pointee.minorFaults == 20)
    check(space.pointee.residentPages.rawValue == 0, "the task holds them back")
    space.pointee.synchronizeResident()
    check(space.pointee.residentPages(.anonymous).rawValue == 10)
  }

  @Test(arguments: Configuration.all)
  func residentCountsArePouredAtThe66thFault(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let start = try space.pointee.map(anonymous(70, machine)).rawValue
    for index in 0..<UInt64(65) { _ = space.pointee.store(1, at: start + index * machine.page) }
    check(space.pointee.residentPages.rawValue == 0)
    _ = space.pointee.store(1, at: start + 65 * machine.page)
    check(space.pointee.residentPages.rawValue == 65)
  }

  @Test(arguments: Configuration.all)
  func faultsWithAndWithoutHardwareBits(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let start = try space.pointee.map(
      MappingRequest(
        length: ByteCount(10 * page), protection: readWrite, flags: [.shared, .anonymous])
    ).rawValue
    for index in 0..<UInt64(10) { _ = space.pointee.load(start + index * page) }
    let before = machine.task.pointee.minorFaults
    for index in 0..<UInt64(10) { _ = space.pointee.store(1, at: start + index * page) }
    let dirtyFaults = machine.task.pointee.minorFaults - before
    check(dirtyFaults == (configuration.hardwareDirty ? 0 : 10))

    let own = try space.pointee.map(anonymous(10, machine)).rawValue
    for index in 0..<UInt64(10) { _ = space.pointee.store(1, at: own + index * page) }
    guard let child = space.pointee.copy() else {
      Issue.record("no copy")
      return
    }
    machine.activate(child)
    let early = machine.task.pointee.minorFaults
    for index in 0..<UInt64(10) { _ = child.pointee.load(own + index * page) }
    let oldFaults = machine.task.pointee.minorFaults - early
    check(oldFaults == (configuration.hardwareDirty ? 0 : 10))
    check(child.pointee.checkInvariants() == nil)
    // The child gone, the parent's writes reuse their frames.
    machine.activate(space)
    AddressSpace.release(child)
    let reused = machine.statistics.pointee.reuseFaults
    for index in 0..<UInt64(10) { _ = space.pointee.store(2, at: own + index * page) }
    check(machine.statistics.pointee.reuseFaults - reused == 10)
  }

  @Test(arguments: Configuration.all)
  func protectionAndPromises(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let start = try space.pointee.map(anonymous(8, machine, [], .read))
    check(machine.context.pointee.committed == 0)
    try space.pointee.protect(start, ByteCount(8 * page), readWrite)
    check(machine.context.pointee.committed == 8)
    try space.pointee.protect(start, ByteCount(8 * page), .read)
    check(machine.context.pointee.committed == 8, "what was promised stays")
    check(space.pointee.dataPages.rawValue == 0)
    // Mode 0 refuses what is more than all of RAM; mode 2 by its limit; mode 1 nothing.
    let managed = machine.frames.pointee.managed.rawValue
    check(errno { _ = try space.pointee.map(anonymous(managed + 1, machine)) } == .ENOMEM)
    _ = try space.pointee.map(anonymous(managed, machine))
    machine.context.pointee.settings.overcommit = .never
    check(errno { _ = try space.pointee.map(anonymous(managed, machine)) } == .ENOMEM)
    check(
      errno { _ = try space.pointee.map(anonymous(managed, machine, .noReserve)) } == .ENOMEM)
    machine.context.pointee.settings.overcommit = .always
    _ = try space.pointee.map(anonymous(managed * 2, machine))
    check(space.pointee.checkInvariants() == nil)
  }

  @Test(arguments: Configuration.all)
  func mprotectAndMadviseErrors(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let start = try space.pointee.map(anonymous(4, machine, at: 0x3000_0000))
    func protect(_ at: UInt64, _ length: UInt64, _ bits: UInt64) -> Errno? {
      errno {
        try space.pointee.protect(
          VirtualAddress(at), ByteCount(length), Protection(rawValue: bits))
      }
    }
    check(protect(start.rawValue + 1, page, 1) == .EINVAL)
    check(protect(start.rawValue, 0, 1) == nil)
    check(protect(start.rawValue, .max, 1) == .ENOMEM)
    check(protect(start.rawValue, page, 0x300_0001) == .EINVAL)
    check(protect(start.rawValue, page, 0x100_0001) == .EINVAL, "does not grow down")
    check(protect(start.rawValue, page, 0x10) == .EINVAL, "an unknown bit")
    check(protect(start.rawValue - page, 2 * page, 1) == .ENOMEM)
    check(protect(start.rawValue + 3 * page, 2 * page, 1) == .ENOMEM)
    check(
      space.pointee.area(at: VirtualAddress(start.rawValue + 3 * page))?.pointee.flags
        .contains(.write) == false, "what comes before the hole is done")
    func advise(_ at: UInt64, _ length: UInt64, _ advice: UInt64) -> Errno? {
      errno {
        try space.pointee.advise(VirtualAddress(at), ByteCount(length), advice)
      }
    }
    check(advise(start.rawValue, .max, 4) == .EINVAL)
    check(advise(start.rawValue, 0, 77) == .EINVAL)
    check(advise(start.rawValue + 1, 0, 4) == .EINVAL)
    check(advise(start.rawValue, 0, 4) == nil)
    check(advise(start.rawValue - page, 2 * page, 4) == .ENOMEM)
    try space.pointee.lock(start, ByteCount(page), onFault: false)
    check(advise(start.rawValue, page, 4) == .EINVAL)
    check(advise(start.rawValue, page, 24) == nil)
    // Lengths that wrap: mlock and msync take them for nothing.
    check(
      errno { try space.pointee.lock(start, ByteCount(.max), onFault: false) } == nil,
      "mlock of a wrapping length")
    check(errno { try space.pointee.synchronize(start, ByteCount(.max), 4) } == nil)
  }

  @Test(arguments: Configuration.all)
  func remapCorners(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let start = try space.pointee.map(anonymous(4, machine, at: 0x3000_0000))
    check(space.pointee.store(9, at: start.rawValue) == .value(9))
    func remap(_ old: UInt64, _ new: UInt64, _ flags: RemapFlags, _ at: UInt64 = 0) -> Errno? {
      errno {
        _ = try space.pointee.remap(
          start, ByteCount(old * page), ByteCount(new * page), flags, VirtualAddress(at))
      }
    }
    check(remap(0, 1, .mayMove) == .EINVAL, "duplicating private memory")
    check(remap(4, 0, .mayMove) == .EINVAL)
    check(remap(4, 4, .fixed, 0x4000_0000) == .EINVAL, "fixed without maymove")
    check(remap(4, 5, [.mayMove, .keepOld]) == .EINVAL)
    check(remap(4, 4, [.mayMove, .fixed], start.rawValue + page) == .EINVAL, "overlap")
    check(remap(5, 6, .mayMove) == .EFAULT)
    let moved = try space.pointee.remap(
      start, ByteCount(4 * page), ByteCount(4 * page), [.mayMove, .fixed], VirtualAddress(0))
    check(moved.rawValue == 0, "root may move to 0")
    check(space.pointee.load(0) == .value(9))
    check(space.pointee.checkInvariants() == nil)
    check(machine.context.pointee.committed == 4)
    // A shared mapping of length 0 is another view of the same object.
    let shared = try space.pointee.map(
      MappingRequest(
        length: ByteCount(2 * page), protection: readWrite, flags: [.shared, .anonymous]))
    check(space.pointee.store(5, at: shared.rawValue) == .value(5))
    let twin = try space.pointee.remap(
      shared, ByteCount(0), ByteCount(2 * page), .mayMove, VirtualAddress(0))
    check(space.pointee.load(twin.rawValue) == .value(5))
    let grown = try space.pointee.remap(
      twin, ByteCount(2 * page), ByteCount(4 * page), .mayMove, VirtualAddress(0))
    check(space.pointee.load(grown.rawValue + 2 * page) == .failed(.beyondObject))
    check(space.pointee.checkInvariants() == nil)
  }

  @Test(arguments: Configuration.all)
  func wholeTablesMove(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    guard machine.page == 4096 else { return }
    let space = try machine.makeSpace()
    let span: UInt64 = 2 << 20
    let start = try space.pointee.map(
      anonymous(1030, machine, at: 0x4000_0000, .fixed)
    ).rawValue
    for index in 0..<UInt64(1030) { _ = space.pointee.store(index, at: start + index * 4096) }
    let moved = try space.pointee.remap(
      VirtualAddress(start), ByteCount(1030 * 4096), ByteCount(1030 * 4096),
      [.mayMove, .fixed], VirtualAddress(0x8000_0000 + span)
    ).rawValue
    for index in 0..<UInt64(1030) {
      check(space.pointee.load(moved + index * 4096) == .value(index))
    }
    check(space.pointee.load(start) == .failed(.notMapped))
    check(space.pointee.checkInvariants() == nil)
  }

  @Test(arguments: Configuration.all)
  func faultAroundWindow(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let file = try machine.files.pointee.makeAnonymousFile(ByteCount(100 * page))
    for index in 0..<UInt64(100) {
      _ = try machine.files.pointee.page(of: file.pointee.inode, at: index)
    }
    let start = try space.pointee.map(
      MappingRequest(
        address: VirtualAddress(0x3000_0000), length: ByteCount(100 * page), protection: .read,
        flags: .private, file: file))
    check(space.pointee.load(start.rawValue + 50 * page) == .value(0))
    let window = max(65536 / page, 1)
    guard let area = space.pointee.area(at: start) else {
      Issue.record("no area")
      return
    }
    check(space.pointee.usage(of: area).resident.rawValue == window * page)
    check(machine.task.pointee.minorFaults == 1)
    for index in 0..<UInt64(100) { _ = space.pointee.load(start.rawValue + index * page) }
    check(machine.task.pointee.minorFaults == (100 + window - 1) / window)
    check(space.pointee.checkInvariants() == nil)
    try space.pointee.unmap(start, ByteCount(100 * page))
    machine.files.pointee.release(file)
  }

  @Test(arguments: Configuration.all)
  func wildPointersAreRefused(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let page = machine.page
    let end = machine.layout.taskSize.rawValue
    let start = try space.pointee.map(anonymous(2, machine, at: 0x3000_0000)).rawValue
    for wild in [
      0, 8, start - 8, start + 2 * page, end, end - 4, .max, .max - 7, 1 << 63, 1 << 55,
      start | 0x5a << 56, 0xffff_8000_0000_0000,
    ] {
      check(
        errno { _ = try space.pointee.copyIn(UInt64.self, from: VirtualAddress(wild)) }
          == .EFAULT)
      check(errno { try space.pointee.copyOut(UInt64(1), to: VirtualAddress(wild)) } == .EFAULT)
      check(errno { try space.pointee.clearOut(VirtualAddress(wild), 100) } == .EFAULT)
      check(
        space.pointee.handleFault(at: VirtualAddress(wild & ~(0xff << 56)), .read) != .resolved
          || wild & 0xff << 56 != 0)
    }
    // Across a page's end, within and beyond the mapping.
    try space.pointee.copyOut(UInt64(0x1122_3344_5566_7788), to: VirtualAddress(start + page - 3))
    check(
      try space.pointee.copyIn(UInt64.self, from: VirtualAddress(start + page - 3))
        == 0x1122_3344_5566_7788)
    check(
      errno { try space.pointee.copyOut(UInt64(1), to: VirtualAddress(start + 2 * page - 3)) }
        == .EFAULT)
    // A string that ends where the mapping does.
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8)
    defer { unsafe buffer.deallocate() }
    try space.pointee.copyOut(UInt16(0x0041), to: VirtualAddress(start + 2 * page - 2))
    let tail = VirtualAddress(start + 2 * page - 2)
    check(try unsafe space.pointee.copyStringIn(tail, to: buffer, limit: 64) == 1)
    try space.pointee.copyOut(UInt16(0x4141), to: tail)
    check(
      errno { _ = try unsafe space.pointee.copyStringIn(tail, to: buffer, limit: 64) } == .EFAULT)
    check(
      errno { _ = try unsafe space.pointee.copyStringIn(tail, to: buffer, limit: 2) }
        == .ENAMETOOLONG)
    try space.pointee.protect(VirtualAddress(start), ByteCount(page), .read)
    check(errno { try space.pointee.copyOut(UInt8(1), to: VirtualAddress(start)) } == .EFAULT)
    check(space.pointee.store(1, at: start) == .failed(.accessDenied))
  }

  @Test(arguments: Configuration.all)
  func addressSpaceIdentifiersRollOver(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let first = try machine.makeSpace()
    let before = first.pointee.activation().asid
    _ = machine.board.takeInvalidations()
    for _ in 0..<65_535 { _ = machine.context.pointee.asids.allocate() }
    check(!machine.context.pointee.asids.isCurrent(first.pointee.contextID))
    let after = first.pointee.activation().asid
    check(before.rawValue != 0 && after.rawValue != 0)
  }

  @Test(arguments: Configuration.all)
  func framesAreFreedOnlyAfterTheFlush(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    let start = try space.pointee.map(anonymous(600, machine))
    for index in 0..<UInt64(600) {
      _ = space.pointee.store(1, at: start.rawValue + index * machine.page)
    }
    _ = machine.board.takeInvalidations()
    try space.pointee.unmap(start, ByteCount(600 * machine.page))
    let invalidations = machine.board.takeInvalidations()
    check(invalidations.count == 3, "256 frames at a time")
    check(space.pointee.tableBytes.rawValue == 0)
    check(space.pointee.checkInvariants() == nil)
  }
}
