import Arm64
import HostBoard
import KernelHeap
import KernelLayout
import MemorySupport
import MemoryTypes
import PageFrames
import TestSupport
import Testing

@testable import AddressSpaces
@testable import Files

/// Random streams of calls and accesses against the model, on every page size.
@Suite struct ModelTests {
  @Test(arguments: Configuration.all, [UInt64(1), 2])
  func stream(configuration: Configuration, seed: UInt64) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    let before = Holdings(machine)
    try Stream(machine, seed: seed).run(steps: 700)
    machine.frames.pointee.checkInvariants()
    #expect(machine.frames.pointee.checkLRU() == nil)
    machine.slab.pointee.checkInvariants()
    check(machine.context.pointee.committed == 0, "promises are left")
    #expect(Holdings(machine).frames == before.frames, "seed \(seed)")
  }

  @Test(arguments: Configuration.all)
  func nothingIsKept(configuration: Configuration) throws {
    let machine = try TestMachine(configuration)
    defer { machine.end() }
    // A cache may keep slabs it once needed; the same again must not need more.
    try Stream(machine, seed: 7).run(steps: 150)
    let before = Holdings(machine)
    for _ in 0..<12 { try Stream(machine, seed: 7).run(steps: 150) }
    let after = Holdings(machine)
    #expect(after.frames == before.frames)
    #expect(after.objects == before.objects)
  }
}

/// What is taken of a machine: frames, those of slabs left out, and objects by cache.
struct Holdings {
  var frames: Int
  var objects: [String: Int] = [:]

  init(_ machine: TestMachine) {
    machine.frames.pointee.drain()
    let slabs =
      machine.frames.pointee.statistic(.nr_slab_reclaimable)
      + machine.frames.pointee.statistic(.nr_slab_unreclaimable)
    frames =
      Int(machine.frames.pointee.managed.rawValue) - Int(machine.frames.pointee.unused.rawValue)
      - slabs
    var objects: [String: Int] = [:]
    machine.slab.pointee.forEachCache { objects[$0.name.text] = $0.activeObjects }
    self.objects = objects.filter { $0.value != 0 }
  }
}
