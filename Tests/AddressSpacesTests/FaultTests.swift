import Arm64
import BoardFormat
import HostBoard
import KernelLayout
import MemorySupport
import MemoryTypes
import PageFrames
import Testing

@testable import AddressSpaces
@testable import Files

/// What faults bring, and what they count as.
@Suite struct FaultTests {
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
}
