import Arm64
import HostBoard
import KernelLayout
import MemorySupport
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import AddressSpaces

/// Calls with any numbers at all: nothing traps, and what is there stays in order.
@Suite struct HostileTests {
  @Test(arguments: Configuration.all, [UInt64(1), 2, 3])
  func anyArguments(configuration: Configuration, seed: UInt64) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let space = try machine.makeSpace()
    try space.pointee.makeStack()
    try space.pointee.finishStack(executable: false)
    var random = Random(seed: seed)
    let page = machine.page
    let end = machine.layout.taskSize.rawValue
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 16)
    defer { unsafe buffer.deallocate() }

    func any() -> UInt64 {
      let bases: [UInt64] = [
        0, 1, page, 4096, 65536, 0x3000_0000, 0x1000_0000, end, end / 2, 1 << 47, 1 << 55,
        1 << 56, 1 << 63, .max, .max - page, space.pointee.mmapBase.rawValue,
        random.next(), random.next() % end, random.next() % 64,
      ]
      let base = bases[Int(random.next() % UInt64(bases.count))]
      let offsets: [UInt64] = [0, 0, 0, 1, 0 &- 1, page, 0 &- page, 2 * page, 16 * page, 7]
      return base &+ offsets[Int(random.next() % UInt64(offsets.count))]
    }
    /// Lengths that do not eat the machine are more interesting than those that do.
    func length() -> UInt64 { random.next() % 3 == 0 ? any() : random.next() % (64 * page) }
    func address() -> VirtualAddress {
      if random.next() % 2 == 0, let first = space.pointee.areas.first {
        return first.pointee.start + ByteCount(random.next() % (8 * page))
      }
      return VirtualAddress(any())
    }

    for step in 0..<3000 {
      let kind = random.next() % 16
      _ = errno {
        switch kind {
        case 0, 1, 2:
          var flags = random.next() & 0x1f_ffff
          if flags & 0x8000 != 0 { flags &= ~0xa000 }  // not all of memory at once
          flags |= 0x20
          let size = length()
          if size > 1 << 30 { flags &= ~0x2000 }
          _ = try space.pointee.map(
            MappingRequest(
              address: address(), length: ByteCount(size),
              protection: Protection(rawValue: any()), flags: MapFlags(rawValue: flags),
              pageOffset: any()))
        case 3: try space.pointee.unmap(address(), ByteCount(length() & 0xff_ffff))
        case 4:
          try space.pointee.protect(address(), ByteCount(length()), Protection(rawValue: any()))
        case 5: _ = space.pointee.setBreak(VirtualAddress(any()))
        case 6:
          _ = try space.pointee.remap(
            address(), ByteCount(length()), ByteCount(length()),
            RemapFlags(rawValue: random.next() % 9), address())
        case 7:
          let advice = random.next() % 27
          guard advice != 22 && advice != 23 else { return }
          try space.pointee.advise(address(), ByteCount(length()), advice)
        case 8: try space.pointee.synchronize(address(), ByteCount(length()), random.next() % 9)
        case 9: try space.pointee.residency(address(), ByteCount(length() & 0xfff_ffff), address())
        case 10: _ = try space.pointee.copyIn(UInt64.self, from: address())
        case 11: try space.pointee.copyOut(random.next(), to: address())
        case 12: _ = try unsafe space.pointee.copyStringIn(address(), to: buffer, limit: 4096)
        case 13: try space.pointee.clearOut(address(), Int(truncatingIfNeeded: length() & 0xffff))
        case 14: try space.pointee.unlock(address(), ByteCount(length()))
        default:
          _ = space.pointee.handleFault(
            at: VirtualAddress(any()), FaultAccess(rawValue: UInt8(random.next() % 4)))
        }
      }
      guard machine.context.pointee.privatePromises == Int64(space.pointee.promisedPages) else {
        Issue.record("promises: seed \(seed) step \(step) kind \(kind)")
        return
      }
      if step % 100 == 0, let wrong = space.pointee.checkInvariants() {
        Issue.record("\(wrong): seed \(seed) step \(step)")
        return
      }
    }
    #expect(space.pointee.checkInvariants() == nil)
    machine.activate(nil)
    AddressSpace.release(space)
    check(machine.context.pointee.committed == 0)
    machine.frames.pointee.checkInvariants()
  }
}

extension AddressSpace {
  /// The pages of areas that are promised.
  var promisedPages: UInt64 {
    var pages: UInt64 = 0
    var area = areas.first
    while let here = area {
      if here.pointee.flags.contains(.accounted) { pages += pageCount(of: here) }
      area = here.pointee.next
    }
    return pages
  }
}
