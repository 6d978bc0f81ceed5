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

/// What the kernel's copies may reach, and what the TLB must forget first.
@Suite struct TranslationTests {
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
