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

/// What mprotect and madvise refuse, and what is promised.
@Suite struct ProtectTests {
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
}
