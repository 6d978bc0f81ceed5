import Arm64
import BoardFormat
import HostBoard
import KernelLayout
import MemorySupport
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

/// What mmap refuses, and which areas become one.
@Suite struct MapTests {
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
}
