import Arm64
import Glibc
import HardwareModel
import HostBoard
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
    /// A model that begins later, knowing nothing; and the number of its first access.
    var later: CoreModel
    var hasLater = false
    var laterStart: UInt64 = 0

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
      later = CoreModel(setup.core, memory: machine.descriptors, physicalBits: 36)
      activate(0)
    }

    /// Another model begins here.
    mutating func beginLater() {
      later = CoreModel(setup.core, memory: machine.descriptors, physicalBits: 36)
      hasLater = true
      laterStart = writer.writer.count
      activate(current)
    }

    mutating func activate(_ index: Int) {
      current = index
      let (tables, asid) = machine.activate(spaces[index])
      drain()
      let regime = TranslationRegime(
        geometry: setup.translation, lowerRoot: tables,
        hasHardwareAccessAndDirty: setup.hasHardwareAccessAndDirty)
      core.load(regime, asid: asid)
      if hasLater { later.load(regime, asid: asid) }
      writer.load(userRoot: tables, asid: asid)
    }

    mutating func drain() {
      for invalidation in machine.board.takeInvalidations() {
        core.invalidate(invalidation)
        if hasLater { later.invalidate(invalidation) }
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
      if hasLater { _ = later.access(record) }
      #expect(went)
      writer.append(record)
    }

    private mutating func allow(_ address: VirtualAddress, write: Bool) throws {
      for _ in 0..<5 {
        if machine.cpuAllows(address, write, in: spaces[current]) { return }
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

  /// A part of a trace counts what a model counts that begins beside the machine at its first access.
  @Test(arguments: [PageSize.fourKiB, .sixtyFourKiB], [1, 2] as [UInt64])
  func aPartCountsWhatALaterModelDid(_ size: PageSize, _ seed: UInt64) throws {
    let path = "/tmp/kilburn-part-\(getpid())-\(size.shift)-\(seed)"
    defer { unsafe unlink(path) }
    let setup = try ReplayTests.setup(size)
    var world = try World(setup, path, seed: seed)
    for _ in 0..<9000 { try world.step() }
    world.beginLater()
    for _ in 0..<1000 { try world.step() }
    try world.writer.finish()
    let live = world.later.counters
    let start = world.laterStart
    let end = world.writer.writer.count
    #expect(start > 70_000)
    let reader = try #require(try MemoryTraceFile.open(path) as? OwnTraceReader)
    let machine = try #require(reader.machine)
    var replay = try RecordedReplay(machine, setup.core)
    let result = replay.play(ReplayedTrace(path, reader, part: start..<UInt64.max)) { true }
    #expect(result.failure == nil && result.unserved == 0)
    #expect(result.accesses == end - start)
    #expect(result.counters == live)
    #expect(result.traces.first?.first == start)
  }

  @Test func partsAreAsLongAsAsked() throws {
    let path = "/tmp/kilburn-parts-\(getpid())"
    defer { unsafe unlink(path) }
    let writer = try MemoryTraceWriter(path)
    for step in 0..<100_000 as Range<UInt64> {
      writer.append(AccessRecord(.load, VirtualAddress(0x1000 + step % 64), size: 8, by: .user))
      writer.count(user: 3, kernel: 0)
      if step % 10_000 == 9_999 { writer.append(MemoryTraceEvent(.systemCall, 1)) }
    }
    try writer.finish()
    for (from, to, calls) in [
      (0, 100_000, 10), (0, 1, 0), (9_999, 10_001, 1), (32_768, 65_536, 3), (40_000, 40_500, 1),
      (99_999, 200_000, 1), (70_000, 90_000, 3),
    ] as [(UInt64, UInt64, UInt64)] {
      var replay = try ServedReplay(try ReplayTests.setup(.fourKiB))
      let trace = ReplayedTrace(path, try MemoryTraceFile.open(path), part: from..<to)
      let result = replay.play([trace]) { true }
      #expect(result.failure == nil)
      let played = min(to, 100_000) - from
      #expect(result.accesses == played, "\(from)..<\(to)")
      // Chunks tell instructions at events: the shares of a part are right to a few.
      let difference = Int(result.instructions.user) - Int(3 * played)
      #expect(abs(difference) <= 6, "\(from)..<\(to): \(result.instructions.user)")
      #expect(result.systemCalls == calls, "\(from)..<\(to): \(result.systemCalls)")
    }
    var replay = try ServedReplay(try ReplayTests.setup(.fourKiB))
    let beyond = ReplayedTrace(path, try MemoryTraceFile.open(path), part: 100_000..<UInt64.max)
    #expect(replay.play([beyond]) { true }.failure?.kind == .usage)
  }
}

extension ReplayMachine {
  /// What the MMU says of an access, the access flag and the dirty state set as it would.
  func cpuAllows(_ address: VirtualAddress, _ write: Bool, in space: Space) -> Bool {
    guard let slot = space.pointee.tables.entry(for: address) else { return false }
    var descriptor = slot.pointee
    guard descriptor.isValid, descriptor.isUser else { return false }
    if board.hasHardwareAccessAndDirty {
      descriptor = descriptor.madeYoung
      if write && descriptor.isWritable {
        descriptor = Descriptor(
          descriptor.rawValue & ~Descriptor.Attributes.readOnly.rawValue)
      }
      slot.pointee = descriptor
    }
    guard descriptor.isYoung else { return false }
    return !write || descriptor.rawValue & Descriptor.Attributes.readOnly.rawValue == 0
  }
}
