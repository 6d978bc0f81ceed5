import Arm64
import Foundation
import HostBoard
import KernelHeap
import MemoryTypes
import PageFrames
import TestSupport
import Testing

/// Random areas of all kinds in both regions beside a model of who has which addresses, what is
/// written there, and what the TLB may still know.
@Suite struct VMallocModelTests {
  enum Kind { case own, huge, module, mapped, brief, device }

  struct Living {
    var kind: Kind
    var start: VirtualAddress
    /// With the guard.
    var length: ByteCount
    var usable: ByteCount
    var tag: UInt64
    var frames: [PageFrameNumber] = []
  }

  /// The addresses that the TLB may know, by ranges that were unmapped and not yet invalidated.
  struct TLB {
    var stale: [Range<VirtualAddress>] = []

    mutating func forget(_ invalidations: [TLBInvalidation], _ size: PageSize) {
      for invalidation in invalidations {
        switch invalidation {
        case .all: stale = []
        case .kernelRange(let start, let count):
          let end = start + count.bytes(of: size)
          stale.removeAll { start <= $0.lowerBound && $0.upperBound <= end }
        default: break
        }
      }
    }

    func knows(_ range: Range<VirtualAddress>) -> Bool {
      stale.contains { $0.overlaps(range) }
    }
  }

  static var steps: Int {
    ProcessInfo.processInfo.environment["KILBURN_VMALLOC_STEPS"].flatMap { Int($0) } ?? 12_000
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB], [false, true])
  func areasAreTheirOwners(size: PageSize, isCramped: Bool) {
    // A cramped region is often full, so that addresses must be purged to be had.
    let machine = TestVMalloc(
      size, region: isCramped ? ByteCount(size.bytes.rawValue * 700) : .gibibytes(64),
      modules: isCramped ? ByteCount(size.bytes.rawValue * 90) : .mebibytes(128))
    defer { machine.end() }
    let seed = UInt64(7) &+ size.shift &+ (isCramped ? 100 : 0)
    var random = Random(seed: seed)
    var living: [Living] = []
    var tlb = TLB()
    let vmalloc = machine.vmalloc
    // Tables and slabs of a first round stay.
    let warm = vmalloc.pointee.allocate(size.bytes, caller: "warm")
    if let warm { vmalloc.pointee.free(warm) }
    let hugeSpan = machine.board.translation.coverage(at: 2)
    for step in 0..<Self.steps {
      let filling = (step / 1500) % 2 == 0
      if random.below(100) < (filling ? 58 : 42) || living.isEmpty {
        if let new = make(&random, machine, hugeSpan) {
          let range = new.start..<(new.start + new.length)
          tlb.forget(machine.board.takeInvalidations(), size)
          #expect(!tlb.knows(range), "seed \(seed), step \(step): reused before invalidated")
          let region = new.kind == .module ? machine.modules : machine.region
          #expect(
            region.contains(range.lowerBound) && range.upperBound <= region.upperBound,
            "seed \(seed), step \(step)")
          #expect(
            !living.contains { ($0.start..<($0.start + $0.length)).overlaps(range) },
            "seed \(seed), step \(step)")
          fill(new, machine)
          living.append(new)
        }
      } else {
        living.swapAt(random.below(living.count), living.count - 1)
        let old = living.removeLast()
        #expect(holds(old, machine), "seed \(seed), step \(step)")
        // The TLB may know them from now on; invalidations of this call come after.
        tlb.forget(machine.board.takeInvalidations(), size)
        tlb.stale.append(old.start..<(old.start + old.length))
        release(old, machine, &random)
        #expect(machine.translate(old.start) == nil || old.kind == .own || old.kind == .module)
        tlb.forget(machine.board.takeInvalidations(), size)
      }
      if step % 500 == 0 {
        vmalloc.pointee.freeDeferred()
        vmalloc.pointee.checkInvariants()
      }
    }
    vmalloc.pointee.freeDeferred()
    for old in living {
      #expect(holds(old, machine), "seed \(seed)")
      release(old, machine, &random)
    }
    vmalloc.pointee.freeDeferred()
    vmalloc.pointee.checkInvariants()
    vmalloc.pointee.purge()
    vmalloc.pointee.checkInvariants()
    machine.frames.pointee.checkInvariants()
    #expect(vmalloc.pointee.areaCount == 0 && vmalloc.pointee.usedPages == .zero)
    #expect(vmalloc.pointee.lazyPageCount == .zero)
  }

  private func make(_ random: inout Random, _ machine: TestVMalloc, _ huge: ByteCount) -> Living? {
    let size = machine.board.pageSize
    let vmalloc = machine.vmalloc
    let tag = random.next()
    let pages = PageCount(UInt64(1 + random.below(random.below(10) == 0 ? 40 : 6)))
    let bytes = pages.bytes(of: size)
    var kind = Kind.own
    var start: VirtualAddress?
    var frames: [PageFrameNumber] = []
    var usable = bytes
    var guardLength = size.bytes
    switch random.below(12) {
    case 0 where size == .fourKiB:
      kind = .huge
      usable = random.below(2) == 0 ? huge : huge + huge
      start = vmalloc.pointee.allocateHuge(usable - ByteCount(5), caller: "huge")
    case 1, 2:
      kind = .module
      start = vmalloc.pointee.allocate(bytes, .kernel, in: .modules, caller: "module")
    case 3:
      kind = .mapped
      for _ in 0..<pages.rawValue {
        if let number = machine.frames.pointee.allocate(.kernel) { frames.append(number) }
      }
      guard frames.count == Int(pages.rawValue) else { return nil }
      start = vmalloc.pointee.map(pages, caller: "map") { frames[Int($0)] }
    case 4:
      kind = .brief
      guardLength = .zero
      for _ in 0..<pages.rawValue {
        if let number = machine.frames.pointee.allocate(.kernel) { frames.append(number) }
      }
      guard frames.count == Int(pages.rawValue) else { return nil }
      start = vmalloc.pointee.mapBriefly(pages) { frames[Int($0)] }
    case 5:
      kind = .device
      start = vmalloc.pointee.mapDevice(
        PhysicalAddress(0x0900_0000), bytes, caller: "device")
    case 6:
      start = vmalloc.pointee.allocate(
        bytes, [.kernel, .zero], alignment: 4 * size.bytes.rawValue, caller: "aligned")
      if let start { #expect(start.rawValue % (4 * size.bytes.rawValue) == 0) }
      if let start { #expect(machine.load(start) == 0) }
    default:
      start = vmalloc.pointee.allocate(bytes - ByteCount(UInt64(random.below(9))), caller: "own")
    }
    guard let start else {
      for number in frames { machine.frames.pointee.free(number) }
      return nil
    }
    return Living(
      kind: kind, start: start, length: usable + guardLength, usable: usable, tag: tag,
      frames: frames)
  }

  private func fill(_ area: Living, _ machine: TestVMalloc) {
    guard area.kind != .device else { return }
    var at = area.start
    var index: UInt64 = 0
    while at < area.start + area.usable {
      #expect(machine.store(area.tag &+ index, at: at + ByteCount(8)))
      at += machine.board.pageSize.bytes
      index += 1
    }
    if area.kind != .brief { #expect(machine.translate(at) == nil, "a guard page") }
  }

  /// Every page has what was written through it, by whichever addresses.
  private func holds(_ area: Living, _ machine: TestVMalloc) -> Bool {
    var at = area.start
    var index: UInt64 = 0
    while at < area.start + area.usable {
      if area.kind == .device {
        let offset = at - area.start
        guard machine.translate(at)?.physical == PhysicalAddress(0x0900_0000) + offset else {
          return false
        }
      } else {
        guard machine.load(at + ByteCount(8)) == area.tag &+ index else { return false }
      }
      if !area.frames.isEmpty,
        machine.vmalloc.pointee.frame(of: at) != area.frames[Int(index)]
      {
        return false
      }
      at += machine.board.pageSize.bytes
      index += 1
    }
    return true
  }

  private func release(_ area: Living, _ machine: TestVMalloc, _ random: inout Random) {
    let done =
      switch area.kind {
      case .own, .module:
        random.below(8) == 0
          ? machine.vmalloc.pointee.freeLater(area.start)
          : machine.vmalloc.pointee.free(area.start)
      case .huge: machine.vmalloc.pointee.free(area.start)
      case .mapped: machine.vmalloc.pointee.unmap(area.start)
      case .brief: machine.vmalloc.pointee.unmapBriefly(area.start)
      case .device: machine.vmalloc.pointee.unmapDevice(area.start + ByteCount(4))
      }
    #expect(done)
    for number in area.frames { machine.frames.pointee.free(number) }
  }
}
