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

/// Where mappings, the break and the heap lie.
@Suite struct PlacementTests {
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
}
