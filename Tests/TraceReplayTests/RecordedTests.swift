import Arm64
import Glibc
import HardwareModel
import HostBoard
import MemorySupport
import MemoryTraces
import MemoryTypes
import TestSupport
import Testing
import TraceFiles

@testable import AddressSpaces
@testable import TraceReplay

/// A model beside a machine whose kernel changes its tables, and the replay of what was recorded:
/// the same counts, to the last.
@Suite struct RecordedTests {
  private struct World: ~Copyable {
    let machine: ReplayMachine
    var core: CoreModel
    var writer: MachineTraceWriter
    var random: Random
    let setup: ReplaySetup
    let spaces: [ReplayMachine.Space]
    var current = 0

    init(_ setup: ReplaySetup, _ path: String, seed: UInt64) throws {
      // All that can fail comes first: a value that cannot be copied is made at once or not at all.
      let machine = try ReplayMachine(setup)
      let spaces = [try machine.makeSpace(), try machine.makeSpace(), try machine.makeSpace()]
      let writer = try MachineTraceWriter(
        path,
        machine: TracedMachine(
          geometry: setup.translation,
          hasHardwareAccessAndDirty: setup.hasHardwareAccessAndDirty,
          ram: machine.descriptors.range), memory: machine.descriptors)
      self.setup = setup
      self.machine = machine
      self.spaces = spaces
      self.writer = writer
      random = Random(seed: seed)
      core = CoreModel(setup.core, memory: machine.descriptors, physicalBits: 36)
      activate(0)
    }

    mutating func activate(_ index: Int) {
      current = index
      let (tables, asid) = machine.activate(spaces[index])
      drain()
      core.load(
        TranslationRegime(
          geometry: setup.translation, lowerRoot: tables,
          hasHardwareAccessAndDirty: setup.hasHardwareAccessAndDirty), asid: asid)
      writer.load(userRoot: tables, asid: asid)
    }

    mutating func drain() {
      for invalidation in machine.board.takeInvalidations() {
        core.invalidate(invalidation)
        writer.invalidate(invalidation)
      }
    }

    /// An access: the kernel serves it as the CPU would have it, then it is seen.
    mutating func access(_ record: AccessRecord) throws {
      let last = record.address.rawValue + record.size - 1
      for address in [record.address, VirtualAddress(last)] {
        try allow(address, write: record.kind == .store)
      }
      let went = core.access(record)
      #expect(went)
      writer.append(record)
    }

    private mutating func allow(_ address: VirtualAddress, write: Bool) throws {
      for _ in 0..<5 {
        if spaces[current].pointee.translates(address, write: write) { return }
        // As a program that reads first: the zero page, copied when it is written.
        switch spaces[current].pointee.handleFault(at: address, write ? .write : .read) {
        case .resolved: break
        default: try machine.serve(address, in: spaces[current])
        }
        drain()
      }
      Issue.record("faults without end")
    }

    mutating func step() throws {
      switch random.next() % 40 {
      case 0: activate(Int(random.next() % 3))
      case 1:
        // What is touched first is mapped in pieces of this size.
        let start = 0x1000_0000 + random.next() % 3 * (2 << 20)
        try? spaces[current].pointee.unmap(VirtualAddress(start), ByteCount(2 << 20))
        drain()
      case 2:
        let start = 0x1000_0000 + random.next() % 64 * (64 << 10)
        try? spaces[current].pointee.protect(
          VirtualAddress(start), ByteCount(64 << 10), .read)
        try? spaces[current].pointee.protect(
          VirtualAddress(start), ByteCount(64 << 10), [.read, .write, .execute])
        drain()
      default:
        let base = 0x1000_0000 + random.next() % 512 * 8192
        for _ in 0..<random.next() % 30 {
          let kind: AccessKind = random.next() % 3 == 0 ? .store : .load
          let address = VirtualAddress(base + random.next() % 12_000)
          try access(AccessRecord(kind, address, size: 8, by: .user))
        }
      }
    }
  }

  @Test(arguments: [PageSize.fourKiB, .sixteenKiB, .sixtyFourKiB], [false, true])
  func aReplayCountsWhatTheModelDid(_ size: PageSize, _ dirty: Bool) throws {
    let path = "/tmp/kilburn-recorded-\(getpid())-\(size.shift)-\(dirty)"
    defer { unsafe unlink(path) }
    let setup = try ReplayTests.setup(size, dirty: dirty)
    var world = try World(setup, path, seed: 5)
    for _ in 0..<4000 { try world.step() }
    try world.writer.finish()
    let live = world.core.counters
    let reader = try #require(try MemoryTraceFile.open(path) as? OwnTraceReader)
    let machine = try #require(reader.machine)
    #expect(setup.isMachine(machine))
    var replay = try RecordedReplay(machine, setup.core)
    let result = replay.play(ReplayedTrace(path, reader)) { true }
    #expect(result.failure == nil)
    #expect(result.unserved == 0)
    #expect(result.accesses > 10_000)
    #expect(result.counters == live)
    #expect(result.counters[.walks(.load, .user)] > 1000)
  }
}
