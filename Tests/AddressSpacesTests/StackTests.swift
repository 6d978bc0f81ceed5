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

/// How far stacks grow.
@Suite struct StackTests {
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
}
