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

/// Corners of mremap.
@Suite struct RemapTests {
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
}
